-- SPDX-License-Identifier: MIT
-- What nightly runs have found: the tables, and what has changed. Read by
-- scripts/nightly.

CREATE TABLE IF NOT EXISTS night (
	id INTEGER PRIMARY KEY,
	began TEXT NOT NULL,
	ended TEXT NOT NULL,
	version TEXT,
	commit_id TEXT,
	kernel TEXT,
	libc TEXT,
	cpus INTEGER,
	budget INTEGER NOT NULL, -- seconds
	scope TEXT NOT NULL,     -- parts and scenarios that were asked for
	good INTEGER NOT NULL    -- later nights may be compared with it
);

CREATE TABLE IF NOT EXISTS result (
	night INTEGER NOT NULL REFERENCES night,
	world TEXT NOT NULL,
	scenario TEXT NOT NULL,
	fix TEXT NOT NULL,
	sound INTEGER NOT NULL, -- it claims that nothing can happen
	verdict TEXT NOT NULL,
	executions INTEGER,
	hits INTEGER,           -- stress: of executions attempts
	rate_low REAL,
	rate_high REAL,
	seconds REAL,
	reason TEXT,
	schedule TEXT,
	PRIMARY KEY (night, world, scenario, fix)
);

-- What a verdict says, apart from how much was shown: time limits move a
-- result between PROVED and HELD, and a control that did not fire says nothing;
-- nor does HELD of a fix that is known to be broken: the time was too short.
CREATE TEMP VIEW judged AS
SELECT *, CASE verdict
	WHEN 'PROVED' THEN 'clean'
	WHEN 'HELD' THEN CASE WHEN sound THEN 'clean' END
	WHEN 'UNJUDGED' THEN NULL
	WHEN 'SKIP' THEN NULL
	ELSE verdict END AS says
FROM result;

-- The night that the last one is compared with: one that did the same.
CREATE TEMP VIEW before AS
SELECT max(old.id) AS id FROM night AS old, night AS new
WHERE new.id = (SELECT max(id) FROM night) AND old.id < new.id
	AND old.good AND old.scope = new.scope;

-- What is otherwise than in that night, beyond what chance explains: of rates,
-- that something happens which did not, or the other way round.
CREATE TEMP VIEW change AS
SELECT new.world, new.scenario, new.fix,
	CASE
	WHEN new.verdict = 'FAILED' THEN 'failed: ' || new.reason
	WHEN new.world = 'stress' AND new.sound AND new.hits > 0
		THEN 'a sound fix was hit ' || new.hits || ' times'
	WHEN new.world = 'stress'
		THEN printf('rate [%.2g,%.2g] -> [%.2g,%.2g]', old.rate_low,
			old.rate_high, new.rate_low, new.rate_high)
	ELSE old.verdict || ' -> ' || new.verdict
	END AS what
FROM judged AS new
LEFT JOIN judged AS old ON old.night = (SELECT id FROM before)
	AND old.world = new.world AND old.scenario = new.scenario
	AND old.fix = new.fix
WHERE new.night = (SELECT max(id) FROM night) AND (
	new.verdict = 'FAILED'
	OR (new.world = 'stress' AND new.sound AND new.hits > 0)
	OR (new.world = 'stress' AND old.hits = 0 AND new.hits > 0
		AND new.rate_low > old.rate_high)
	OR (new.world = 'stress' AND old.hits > 0 AND new.hits = 0
		AND new.rate_high < old.rate_low)
	OR (new.world <> 'stress' AND new.says <> old.says))
UNION ALL
SELECT old.world, old.scenario, old.fix, old.verdict || ' -> not there'
FROM judged AS old
LEFT JOIN judged AS new ON new.night = (SELECT max(id) FROM night)
	AND new.world = old.world AND new.scenario = old.scenario
	AND new.fix = old.fix
WHERE old.night = (SELECT id FROM before) AND new.night IS NULL
ORDER BY 1, 2, 3;

-- Rates whose intervals are apart, where it happens either way. The attempts of
-- a run are not independent, and what else the machine does moves them, too: to
-- be looked at, but no reason to wake anybody.
CREATE TEMP VIEW moved AS
SELECT new.scenario, new.fix, printf('[%.2g,%.2g] -> [%.2g,%.2g]',
	old.rate_low, old.rate_high, new.rate_low, new.rate_high) AS rates
FROM result AS new JOIN result AS old
	ON old.night = (SELECT id FROM before) AND old.world = 'stress'
	AND old.scenario = new.scenario AND old.fix = new.fix
WHERE new.night = (SELECT max(id) FROM night) AND new.world = 'stress'
	AND old.hits > 0 AND new.hits > 0 AND (new.rate_low > old.rate_high
		OR new.rate_high < old.rate_low)
ORDER BY 1, 2;

-- As JUnit has it: what there was tonight, and what is not there any more.
CREATE TEMP VIEW tests AS
SELECT r.world, r.scenario, r.fix, r.seconds, c.what
FROM result AS r LEFT JOIN change AS c USING (world, scenario, fix)
WHERE r.night = (SELECT max(id) FROM night)
UNION ALL
SELECT c.world, c.scenario, c.fix, 0, c.what FROM change AS c
WHERE NOT EXISTS (SELECT * FROM result AS r
	WHERE r.night = (SELECT max(id) FROM night) AND r.world = c.world
	AND r.scenario = c.scenario AND r.fix = c.fix);
