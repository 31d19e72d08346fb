CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE comp AS (x int, y text);
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE TABLE t1 (a int PRIMARY KEY, b text, c numeric(10,2), d date, e timestamptz, f float8, g bool, h int[], i jsonb, j varchar(10),
  k bigint, l interval, m mood, n comp, o posint, p int4range, q char(5), r text[], s timestamp, u time, v smallint, w bit(8));
CREATE TABLE t2 (a int NOT NULL, x text, y bigint, z char(5), gen int GENERATED ALWAYS AS (a * 2) STORED, UNIQUE (x));
CREATE TABLE t3 (id int GENERATED ALWAYS AS IDENTITY, name varchar(20) DEFAULT 'none', c comp, h int[]);
CREATE VIEW v1 AS SELECT a, b AS bb, c + 1 AS cc FROM t1 WHERE g;
CREATE TABLE records (id bigint NOT NULL, domain_id int, name varchar(255), type varchar(10), content varchar(65535), ttl int, prio int,
  disabled bool DEFAULT 'f', ordername varchar(255), auth bool DEFAULT 't');
CREATE TABLE domains (id int NOT NULL, name varchar(255) NOT NULL, master varchar(128), last_check int, type text NOT NULL, notified_serial bigint);
CREATE TABLE cryptokeys (id int NOT NULL, domain_id int, flags int NOT NULL, active bool, published bool, content text);
CREATE TABLE domainmetadata (id int NOT NULL, domain_id int, kind varchar(32), content text);
CREATE TABLE supermasters (ip inet NOT NULL, nameserver varchar(255) NOT NULL, account varchar(40) NOT NULL);
