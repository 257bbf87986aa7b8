-- Two runs of two suites at revision 0001: iterations, samples, shared messages, a skip, a run still going on.
BEGIN;
INSERT INTO environments (id, fingerprint, facts) VALUES (1, 'e1-000000000001', '{"cpu_count":8,"cpu_model":"M"}');
INSERT INTO suites (id, name) VALUES (1, 'shop'), (2, 'billing');
INSERT INTO features (id, suite_id, qualified_name, name, category, critical) VALUES
    (1, 1, 'shop.swot', 'swot', 'generator', 1),
    (2, 1, 'shop.deck', 'deck', 'packager', 0),
    (3, 2, 'billing.invoice', 'invoice', 'other', 0);
INSERT INTO runs (id, uuid, state, mode, quick, started_at, finished_at, options, environment_id, commit_sha, branch,
                  dirty, tool_version, owner_hostname, owner_pid, owner_process_started) VALUES
    (4, '01950000-0000-7000-8000-000000000004', 'complete', 'deterministic', 1, 1740830400000000, 1740830460000001,
     '{"iterations":2,"quick":true}', 1, 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3', 'main', 0, '0.1', 'host', 17, '99'),
    (9, '01950000-0000-7000-8000-000000000009', 'running', 'live', 0, 1740834000000000, NULL,
     '{"quick":false}', 1, NULL, NULL, NULL, '0.1', 'host', 18, '100');
INSERT INTO run_suites (suite_id, run_id, position) VALUES (2, 4, 0), (1, 4, 1), (1, 9, 0);
INSERT INTO results (feature_id, run_id, position, status, critical, error_count, warning_count, scenario_count,
                     sample_count, is_flaky, output_varies, runtime_seconds, skip_reason) VALUES
    (1, 4, 1, 'fail', 1, 2, 0, 2, 2, 1, 0, 0.25, NULL),
    (2, 4, 2, 'skip', 0, 0, 0, 0, 0, 0, 0, NULL, 'python-pptx is not installed'),
    (3, 4, 0, 'pass', 0, 0, 1, 0, 0, 0, 0, NULL, NULL),
    (1, 9, 0, 'pass', 1, 0, 0, 3, 0, 0, 0, NULL, NULL);
INSERT INTO signatures (id, feature_id, run_id, iteration, status, error_count, warning_count, output_digest) VALUES
    (1, 3, 4, 1, 'pass', 0, 1, NULL),
    (2, 1, 4, 1, 'pass', 0, 0, 'c1-sha256:00'),
    (3, 2, 4, 1, 'skip', 0, 0, NULL),
    (4, 1, 4, 2, 'fail', 2, 0, NULL),
    (5, 1, 9, 1, 'pass', 0, 0, NULL);
-- 0.25 and 0.5 as little-endian doubles
INSERT INTO samples (signature_id, loop_count, samples_seconds) VALUES (2, 1, x'000000000000D03F000000000000E03F');
INSERT INTO messages (id, digest, fingerprint, text) VALUES
    (1, x'01', 'f1-000000000001', 'ValueError: no weaknesses'),
    (2, x'02', 'f1-000000000002', 'DeprecationWarning: old');
INSERT INTO result_messages (signature_id, kind, position, message_id) VALUES
    (1, 'warning', 0, 2), (4, 'error', 0, 1), (4, 'error', 1, 1);
COMMIT;
