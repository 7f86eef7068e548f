-- A store as the first layout (version 1) left it when its process was killed: one job in every state.
PRAGMA application_id = 1399875948;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE audit (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    "by" TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "counters" VALUES('position',16);
INSERT INTO "counters" VALUES('version',1);
CREATE TABLE counts (
    operation TEXT NOT NULL,
    status INTEGER NOT NULL,
    error_code TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (operation, status, error_code)
  ) STRICT, WITHOUT ROWID;
INSERT INTO "counts" VALUES('a',0,'',0);
INSERT INTO "counts" VALUES('a',1,'',0);
INSERT INTO "counts" VALUES('b',0,'',0);
INSERT INTO "counts" VALUES('b',1,'',0);
INSERT INTO "counts" VALUES('b',3,'handler-failed',1);
INSERT INTO "counts" VALUES('c',0,'',1);
INSERT INTO "counts" VALUES('c',1,'',0);
INSERT INTO "counts" VALUES('d',0,'',0);
INSERT INTO "counts" VALUES('d',1,'',1);
INSERT INTO "counts" VALUES('work',0,'',4);
CREATE TABLE inputs (sequence INTEGER PRIMARY KEY, input TEXT NOT NULL) STRICT;
INSERT INTO "inputs" VALUES(1740800000000008,'"' || replace(hex(zeroblob(550)), '0', 'é') || '"');
CREATE TABLE items (
    "table" TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("table", key)
  ) STRICT, WITHOUT ROWID;
INSERT INTO "items" VALUES('things','one',1,'{}');
CREATE TABLE jobs (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    keyed INTEGER NOT NULL DEFAULT 0,
    operation TEXT NOT NULL,
    principal TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 1,
    attempt INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    throttles INTEGER NOT NULL DEFAULT 0,
    accepted_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    available_at REAL NOT NULL,
    listed INTEGER NOT NULL DEFAULT 1,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    token TEXT,
    lease_until REAL,
    expires_at REAL,
    change INTEGER,
    error_code TEXT,
    fingerprint TEXT,
    input_version INTEGER NOT NULL,
    error TEXT,
    output TEXT,
    attempts TEXT NOT NULL DEFAULT '',
    effects TEXT NOT NULL DEFAULT '',
    details TEXT NOT NULL,
    input TEXT NOT NULL
  ) STRICT;
INSERT INTO "jobs" VALUES(1740800000000001,'062f3f95a000015a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a',0,'a','ann',2,3,1,3,0,1700000000000.0,1700000000000.0,1700000000000.0,1,0,'t2.0',NULL,1700086400000.0,3,NULL,NULL,1,NULL,'"x"',',{"number":1,"startedAt":1700000000000,"endedAt":1700000000000,"node":"n"}',',{"kind":"put","table":"things","key":"one"}','{"origin":"http"}','{"name":"done"}');
INSERT INTO "jobs" VALUES(1740800000000003,'062f3f95a000035a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a',0,'b','ann',3,3,1,3,0,1700000000000.0,1700000000000.0,1700000000000.0,1,0,'t4.0',NULL,1701209600000.0,6,'handler-failed',NULL,1,'{"type":"urn:spillway:problem:handler-failed","title":"The operation failed","status":500,"code":"handler-failed"}',NULL,',{"number":1,"startedAt":1700000000000,"endedAt":1700000000000,"node":"n"}','','{"origin":"http"}','{"name":"failed"}');
INSERT INTO "jobs" VALUES(1740800000000005,'062f3f95a000055a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a',0,'c','ann',0,3,1,3,0,1700000000000.0,1700000000000.0,1700000005000.0,1,0,'t6.0',NULL,NULL,9,NULL,NULL,1,'{"type":"urn:spillway:problem:handler-failed","title":"The operation failed","status":500,"code":"handler-failed"}',NULL,',{"number":1,"startedAt":1700000000000,"endedAt":1700000000000,"node":"n"}','','{"origin":"http"}','{"name":"retried"}');
INSERT INTO "jobs" VALUES(1740800000000007,'062f3f95a000075a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a',0,'work','ann',0,1,0,3,0,1700000000000.0,1700000000000.0,1700000000000.0,1,0,NULL,NULL,NULL,10,NULL,NULL,1,NULL,NULL,'','','{"origin":"http"}','{"name":"fresh"}');
INSERT INTO "jobs" VALUES(1740800000000008,'062f3f95a000085a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a',0,'work','',0,1,0,3,0,1700000000000.0,1700000000000.0,1700000000000.0,1,0,NULL,NULL,NULL,NULL,NULL,NULL,1,NULL,NULL,'','','{"origin":"http"}','');
INSERT INTO "jobs" VALUES(1740800000000009,'062f3f95a000095a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a',0,'work','ann',0,1,0,3,0,1700000000000.0,1700000000000.0,1700000060000.0,1,0,NULL,NULL,NULL,11,NULL,NULL,1,NULL,NULL,'','','{"origin":"http"}','{"name":"delayed"}');
INSERT INTO "jobs" VALUES(1740800000000010,'key-of-ann',1,'work','ann',0,1,0,3,0,1700000000000.0,1700000000000.0,1700000000000.0,1,0,NULL,NULL,NULL,12,NULL,'f',1,NULL,NULL,'','','{"origin":"http"}','{"name":"keyed"}');
INSERT INTO "jobs" VALUES(1740800000000011,'062f3f95a0000b5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a',0,'work','ann',4,2,0,3,0,1700000000000.0,1700000000005.0,1700000000000.0,1,0,NULL,NULL,1701209600005.0,14,NULL,NULL,1,NULL,NULL,'','','{"origin":"http"}','{"name":"gone"}');
INSERT INTO "jobs" VALUES(1740800000005132,'062f3f95a0140c5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a',0,'d','ann',1,2,1,3,0,1700000000005.0,1700000000005.0,1700000000005.0,1,0,'t13.0',1700000030005.0,NULL,16,NULL,NULL,1,NULL,NULL,'','','{"origin":"http"}','{"name":"running"}');
CREATE TABLE secret (value TEXT NOT NULL) STRICT;
INSERT INTO "secret" VALUES('5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a');
CREATE TABLE settings (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    paused INTEGER NOT NULL,
    concurrency INTEGER,
    PRIMARY KEY (scope, name)
  ) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX keyed ON jobs (id) WHERE keyed = 1;
CREATE INDEX ready ON jobs (operation, available_at, sequence) WHERE status = 0;
CREATE INDEX running ON jobs (token, lease_until) WHERE status = 1;
CREATE INDEX failed ON jobs (operation, error_code, updated_at)
    WHERE status = 3 AND listed = 1;
CREATE INDEX expiring ON jobs (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX changed ON jobs (principal, change) WHERE change IS NOT NULL;
CREATE TRIGGER forget_input AFTER DELETE ON jobs WHEN old.input = ''
  BEGIN
    DELETE FROM inputs WHERE sequence = old.sequence;
  END;
DELETE FROM "sqlite_sequence";
COMMIT;
