"""What a user asks for, one module a request: the only place where engine, store and judgement meet. Stateless."""
