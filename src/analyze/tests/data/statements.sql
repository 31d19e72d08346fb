-- Parameters.
SELECT content,ttl FROM records WHERE type=$1 and name=$2 and domain_id=$3
SELECT 1 FROM records where (disabled=false or $1) and domain_id=$2
SELECT 1 FROM records WHERE name ilike $1 or content ilike $2 limit $3
insert into records (content,ttl,prio,type,domain_id,disabled,name,ordername,auth) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)
insert into cryptokeys (domain_id, flags, active, published, content) select id, $1, $2, $3, $4 from domains where name=$5 returning id
insert into domainmetadata (domain_id, kind, content) select id, $1, $2 from domains where name=$3
select account from supermasters where ip=$1 and nameserver=$2
select ordername, name from records where disabled=false and ordername ~<=~ $1 and domain_id=$2 and ordername is not null order by 1 using ~>~ limit 1
update domains set notified_serial=$1 where id=$2
SELECT $1
SELECT $1 + 1
SELECT $1 || 'a'
SELECT $1::int, $1
SELECT $1, $1::int
SELECT $1 = $2
SELECT $1 = ANY($2)
SELECT a = ANY($1) FROM t1
SELECT a IN ($1, $2) FROM t1
SELECT CASE WHEN $1 THEN 1 ELSE $2 END
SELECT coalesce($1, $2)
SELECT $2
SELECT $1 UNION SELECT 1
SELECT $1 LIKE 'a'
SELECT upper($1)
SELECT abs($1)
SELECT $1 BETWEEN a AND k FROM t1
SELECT * FROM generate_series(1, $1)
VALUES ($1, 1), (2, $2)
SELECT $1 -> 'a'
SELECT i -> $1 FROM t1
INSERT INTO t1 (a, b) VALUES ($1, $2) RETURNING *
UPDATE t1 SET b = $1, h[$2] = $3 WHERE a = $4
DELETE FROM t1 WHERE a = $1
SELECT date_trunc($1, e) FROM t1
SELECT e + $1 FROM t1
SELECT e - $1 FROM t1
SELECT extract(epoch from $1)
SELECT $0
-- Constants and casts.
SELECT 1, 1.0, 1e10, 10000000000, 100000000000000000000, 'a', NULL, true, B'101', X'1F'
SELECT 'a'::text, '1'::int, 1::text, 1::bool, 'a'::varchar(3), 'abc'::char(2), 1::numeric(5,2)
SELECT CAST('2000-01-01' AS date), date '2000-01-01', timestamp '2000-01-01 00:00', interval '1 day'
SELECT 1::nosuch
SELECT 1::nosuch.t
SELECT 1::numeric(0)
SELECT 'a'::varchar(0)
SELECT 'a'::int4(3)
SELECT 1::date
SELECT true::date
SELECT a::date FROM t1
SELECT h::text[] FROM t1
SELECT h::text FROM t1
SELECT i::int FROM t1
SELECT ROW(1,2)::comp
SELECT ROW(1,2,3)::comp
SELECT ROW(1)::comp
SELECT (1, 'a')::comp
SELECT n::text, m::text, p::text FROM t1
SELECT 'sad'::mood, 1::posint, 'a'::mood[]
SELECT text(a), int4(f), "numeric"(a), "varchar"(b), bool(a) FROM t1
SELECT text 'a', "char" 'b', bpchar 'c', money '1'
SELECT name(b), pg_catalog.text(b) FROM t1
SELECT ARRAY[]::int[], ARRAY[1,2.5], ARRAY['a', b], ARRAY[[1,2],[3,4]], ARRAY[h, h] FROM t1
SELECT ARRAY[]
SELECT ARRAY[1, 'a'::text]
SELECT ARRAY[1, true]
SELECT '{1,2}'::int[]
SELECT ARRAY['1']::int[]
SELECT ARRAY[ARRAY['1']]::int[]
SELECT ARRAY[1,NULL], ARRAY[NULL]
-- Columns.
SELECT a, t1.a, public.t1.a FROM t1
SELECT * FROM t1
SELECT t1.* FROM t1
SELECT t1 FROM t1
SELECT t1.b, t1.nosuch FROM t1
SELECT nosuch FROM t1
SELECT aa FROM t1
SELECT bbb FROM t1, t2
SELECT xx FROM t1, t2
SELECT t2.a FROM t1
SELECT t1.a FROM t1 AS z
SELECT t9.a FROM t1
SELECT nosuch.t1.a FROM t1
SELECT a FROM t1, t2
SELECT * FROM nosuch
SELECT * FROM nosuch.t1
SELECT * FROM public.nosuch
SELECT * FROM t1, t1
SELECT * FROM t1 a, t2 a
SELECT *
SELECT ctid, xmin, tableoid, cmax FROM t1
SELECT ctid FROM v1
SELECT z.ctid FROM (SELECT * FROM t1) z
SELECT (n).x, (n).y, (t1.n).* FROM t1
SELECT (n).z FROM t1
SELECT n.x FROM t1
SELECT (a).x FROM t1
SELECT (ROW(1,2)).f1
SELECT (ROW(1,2)).*
SELECT x(n), y(n) FROM t1
SELECT t1.upper FROM t1
SELECT b(t1), t1.b FROM t1
SELECT a.b.c.d.e FROM t1
SELECT h[1], h[1:2], h[:2], h[1][2], r[1] FROM t1
SELECT h['a'] FROM t1
SELECT h[b] FROM t1
SELECT a[1] FROM t1
SELECT i['a'], i['a']['b'], i[1] FROM t1
SELECT i[1:2] FROM t1
SELECT i[true] FROM t1
SELECT (h)[1], (ARRAY[1,2])[1], (b::text[])[1] FROM t1
SELECT foo.bar.* FROM t1
SELECT foo.* FROM t1
SELECT z.q FROM (SELECT a AS q FROM t1) z
SELECT z.a FROM (SELECT a AS q FROM t1) z
SELECT a.x, a.y FROM t1 AS a(x, y)
SELECT * FROM t2 AS a(p, q, r, s, t, u, v)
SELECT t1 IS NULL, n IS NULL, a IS NOT NULL FROM t1
-- Names of output columns.
SELECT a + 1, upper(b), a::text, CASE WHEN g THEN a END, coalesce(a, 1), nullif(a, 1), greatest(a, 1), (SELECT 1), (SELECT a), EXISTS (SELECT 1), ARRAY(SELECT 1), ARRAY[1], ROW(1), a IN (1), -a, h[1], (n).x, current_date, a::numeric(5) FROM t1
SELECT CASE WHEN g THEN 1 ELSE a END, CASE a WHEN 1 THEN b END, (SELECT max(a) FROM t1), count(*), (SELECT a AS zz FROM t1)::text FROM t1 GROUP BY g, a, b
-- Operators.
SELECT a + b FROM t1
SELECT a + 'x' FROM t1
SELECT b + b FROM t1
SELECT b || a, a || b FROM t1
SELECT a || a FROM t1
SELECT g + 1 FROM t1
SELECT -b FROM t1
SELECT @ b FROM t1
SELECT a = b FROM t1
SELECT a = '1', b = 'x', d = '2000-01-01', m = 'sad', o = 1 FROM t1
SELECT a + c, a + f, a + k, a + v, c + f, v + v FROM t1
SELECT d + 1, d - d, d + l, e - e, e - l, d + u, s - d FROM t1
SELECT NULL + NULL, NULL || NULL, NULL = NULL
SELECT 'a' || 'b', 'a' = 'b', 'a' < 'b'
SELECT 1 + NULL, NULL + 1.5
SELECT '1' + '2'
SELECT a <> ALL (h), a = ANY (ARRAY[1,2]), a = ANY ('{1,2}') FROM t1
SELECT a = ANY (a) FROM t1
SELECT a = ANY (r) FROM t1
SELECT a + ANY (h) FROM t1
SELECT h || 1, 1 || h, h || h, h || NULL, h || '{3}' FROM t1
SELECT h || b FROM t1
SELECT p @> a, p && p, a <@ p, p @> p FROM t1
SELECT i -> 'a', i ->> 'a', i -> 0, i #> '{a}', i @> '{}', i ? 'a', i - 'a' FROM t1
SELECT b ~ 'a', b LIKE 'a', b ILIKE 'a', b SIMILAR TO 'a', b NOT LIKE 'a' ESCAPE 'x', j LIKE 'a', q LIKE 'a' FROM t1
SELECT a LIKE 'a' FROM t1
SELECT a OPERATOR(pg_catalog.+) 1 FROM t1
SELECT a OPERATOR(nosuch.+) 1 FROM t1
SELECT a +++ 1 FROM t1
SELECT a BETWEEN 1 AND 2, a NOT BETWEEN 1 AND 2, a BETWEEN SYMMETRIC 2 AND 1, b BETWEEN 'a' AND 'b' FROM t1
SELECT a BETWEEN 1 AND 'x'::text FROM t1
SELECT a IN (1, 2), a IN (1, 2.5), a NOT IN (1, NULL), b IN ('a', 'b'), a IN (a, k, 1, 2) FROM t1
SELECT a IN (1, 'x'::text) FROM t1
SELECT (a, b) IN ((1, 'a'), (2, 'b')) FROM t1
SELECT (a, b) = (1, 'a'), (a, b) < (1, 'a'), (a, b) <> (k, j), ROW(a) = ROW(1) FROM t1
SELECT (a, b) = (1, 'a', 2) FROM t1
SELECT (a, b) + (1, 2) FROM t1
SELECT (a, i) ~ (1, 2) FROM t1
SELECT ROW() = ROW()
SELECT a IS DISTINCT FROM 1, a IS NOT DISTINCT FROM NULL, (a, b) IS DISTINCT FROM (1, 'a'), NULL IS DISTINCT FROM NULL FROM t1
SELECT a IS DISTINCT FROM b FROM t1
SELECT nullif(a, 1), nullif(a, k), nullif(b, 'a'), nullif(1, 2.5), nullif(NULL, NULL) FROM t1
SELECT nullif(a, b) FROM t1
SELECT g IS TRUE, g IS NOT UNKNOWN, NULL IS TRUE FROM t1
SELECT a IS TRUE FROM t1
SELECT NOT a FROM t1
SELECT a AND g FROM t1
SELECT g OR NULL, g AND 't' FROM t1
SELECT NOT 'x'::text
-- CASE, COALESCE, GREATEST.
SELECT CASE WHEN g THEN 1 ELSE 2.5 END, CASE WHEN g THEN 'a' END, CASE WHEN g THEN a ELSE k END, CASE WHEN g THEN NULL END, CASE WHEN g THEN j ELSE j END FROM t1
SELECT CASE WHEN g THEN 1 ELSE 'a'::text END FROM t1
SELECT CASE WHEN a THEN 1 END FROM t1
SELECT CASE a WHEN 'x'::text THEN 1 END FROM t1
SELECT CASE 'a' WHEN 'b' THEN 1 END
SELECT CASE WHEN generate_series(1,2) = 1 THEN 1 END
SELECT coalesce(a, 1.5), coalesce(NULL, NULL), coalesce('a', b), coalesce(d, s), coalesce(j, q) FROM t1
SELECT coalesce(a, b) FROM t1
SELECT coalesce(unnest(h), 1) FROM t1
SELECT greatest(a, c), least(d, e), greatest('a', 'b') FROM t1
SELECT greatest(i, i), greatest(a, b) FROM t1
SELECT greatest(b::point, b::point) FROM t1
-- Functions.
SELECT upper(b), upper(a) FROM t1
SELECT upper(a) FROM t1
SELECT nosuch(1)
SELECT nosuch.f(1)
SELECT nosuch(a, b => 1) FROM t1
SELECT upper()
SELECT upper(b, b) FROM t1
SELECT abs(a), abs(c), abs('1'), round(c), round(f), round(c, 1), sqrt(a), power(a, 2), mod(a, 2) FROM t1
SELECT round(f, 1) FROM t1
SELECT length(b), length(q), substring(b, 1), substring(b from 'a'), substring(b from 1 for 2), position('a' in b), trim(b), overlay(b placing 'x' from 1) FROM t1
SELECT extract(year from d), extract(epoch from e), date_part('year', s), date_trunc('day', e), age(e), to_char(a, '9'), now(), e AT TIME ZONE 'UTC', s AT TIME ZONE 'UTC' FROM t1
SELECT make_interval(days => 1), make_interval(1, 2), make_interval(hours => 2, days => 1), make_interval()
SELECT make_interval(day => 1)
SELECT make_interval(days => 1, 2)
SELECT make_interval(days => 1, days => 2)
SELECT jsonb_path_query(i, '$'), jsonb_set(i, '{a}', '1'), jsonb_path_exists(i, '$', silent => true) FROM t1
SELECT concat('a', 1, true), format('%s', a), concat_ws(',', a, b), concat(VARIADIC r), concat() FROM t1
SELECT concat(VARIADIC a) FROM t1
SELECT greatest(1), least(1,2)
SELECT array_append(h, 1), array_append(h, 1.5), array_cat(h, h), array_length(h, 1), unnest(h), array_position(r, 'a'), array_agg(a) FROM t1 GROUP BY h, r
SELECT array_append(h, b) FROM t1
SELECT array_append(NULL, 1), array_append(NULL, NULL)
SELECT unnest(NULL)
SELECT unnest('{1}')
SELECT unnest(a) FROM t1
SELECT enum_range(m), enum_first(NULL::mood) FROM t1
SELECT enum_first(a) FROM t1
SELECT lower(p), upper(p), lower(b), isempty(p), range_merge(p, p) FROM t1
SELECT int4range(1, 2), int4range(a, NULL), numrange(1, 2.5) FROM t1
SELECT generate_series(1, 2), generate_series(1, 2.5), generate_series(s, s, '1 day') FROM t1
SELECT generate_series(1, 'x'::text)
SELECT row_to_json(t1), to_json(a), to_jsonb(n), json_build_object('a', 1) FROM t1
SELECT to_json('a')
SELECT pg_typeof('a'), pg_typeof(1)
SELECT lag(a) OVER (ORDER BY a), lag(a, 1, 0) OVER w, first_value(b) OVER w, ntile(4) OVER w FROM t1 WINDOW w AS (ORDER BY a)
SELECT lag(a, 1, 0.5) OVER w, lag(b, 1, 'x') OVER w FROM t1 WINDOW w AS (ORDER BY a)
SELECT lag(a, 1, 'x'::text) OVER w FROM t1 WINDOW w AS (ORDER BY a)
SELECT upper(DISTINCT b) FROM t1
SELECT upper(*) FROM t1
SELECT upper(b) FILTER (WHERE g) FROM t1
SELECT upper(b) OVER () FROM t1
SELECT upper(b ORDER BY b) FROM t1
SELECT row_number() FROM t1
SELECT pg_sleep(1, 2)
SELECT lo_import('a', 1, 2)
SELECT setseed(1), random()
SELECT set_config('a', 'b', true), current_setting('a'), version()
SELECT string_to_array(b, ','), regexp_match(b, 'a'), regexp_replace(b, 'a', 'b'), regexp_split_to_table(b, ','), split_part(b, ',', 1) FROM t1
SELECT d + '1', e + '1 day', s - '1 day', d - '2000-01-01', l * 2, 2 * l, l / 2 FROM t1
SELECT coalesce(sum(a), 0), sum(k), sum(f), sum(c), avg(a), avg(f), count(a), max(d), min(b), bool_and(g), string_agg(b, ','), array_agg(b), json_agg(t1), stddev(a) FROM t1
SELECT sum(b) FROM t1
SELECT sum(*) FROM t1
SELECT count() FROM t1
SELECT count(a, b) FROM t1
SELECT string_agg(b) FROM t1
SELECT string_agg(a, ',') FROM t1
SELECT max(n), max(i) FROM t1
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY f), percentile_disc(0.5) WITHIN GROUP (ORDER BY b), mode() WITHIN GROUP (ORDER BY a), rank(1) WITHIN GROUP (ORDER BY a), percentile_cont(ARRAY[0.5]) WITHIN GROUP (ORDER BY l) FROM t1
SELECT percentile_cont(0.5) FROM t1
SELECT percentile_cont() WITHIN GROUP (ORDER BY f) FROM t1
SELECT percentile_cont(0.5, 1) WITHIN GROUP (ORDER BY f) FROM t1
SELECT rank(1, 2) WITHIN GROUP (ORDER BY a) FROM t1
SELECT rank('x') WITHIN GROUP (ORDER BY a) FROM t1
SELECT sum(a) WITHIN GROUP (ORDER BY a) FROM t1
SELECT mode() WITHIN GROUP (ORDER BY a) OVER () FROM t1
SELECT array_agg(a ORDER BY b), array_agg(DISTINCT a ORDER BY a), array_agg(h), string_agg(DISTINCT b, ',' ORDER BY b) FROM t1
SELECT string_agg(DISTINCT b, ',' ORDER BY a) FROM t1
SELECT string_agg(b ORDER BY b, ',') FROM t1
SELECT count(DISTINCT i), count(DISTINCT (a, b)) FROM t1
SELECT count(DISTINCT b::point) FROM t1
-- Aggregates and grouping.
SELECT a, count(*) FROM t1
SELECT g, count(*) FROM t1 GROUP BY g
SELECT b, g FROM t1 GROUP BY g
SELECT b FROM t1 GROUP BY a
SELECT t1.* FROM t1 GROUP BY a
SELECT t2.x FROM t2 GROUP BY a
SELECT a + 1 FROM t1 GROUP BY a + 1
SELECT a + 2 FROM t2 GROUP BY a + 1
SELECT b AS z FROM t1 GROUP BY z
SELECT b AS a, count(*) FROM t1 GROUP BY a
SELECT count(*) FROM t1 GROUP BY 1
SELECT a FROM t1 GROUP BY 2
SELECT a FROM t1 GROUP BY 'x'
SELECT a FROM t1 GROUP BY 1.5
SELECT sum(sum(a)) FROM t1
SELECT a FROM t1 WHERE sum(a) > 1
SELECT a FROM t1 WHERE row_number() OVER () > 1
SELECT sum(a) FROM t1 HAVING b > 'a'
SELECT sum(a) FROM t1 HAVING sum(a) > 1
SELECT a FROM t1 HAVING true
SELECT sum(a) OVER (), sum(sum(a)) OVER () FROM t1
SELECT sum(row_number() OVER ()) FROM t1
SELECT row_number() OVER (ORDER BY row_number() OVER ()) FROM t1
SELECT sum(generate_series(1,2)) FROM t1
SELECT (SELECT sum(t1.a) FROM t2) FROM t1
SELECT (SELECT sum(t1.a + t2.a) FROM t2) FROM t1
SELECT b, (SELECT t1.a FROM t2 LIMIT 1) FROM t1 GROUP BY b
SELECT a FROM t1 ORDER BY sum(a)
SELECT count(*) FROM t1 ORDER BY a
SELECT count(*) FROM t1 LIMIT count(*)
SELECT a FROM t1 JOIN t2 ON sum(t1.a) = 1
SELECT grouping(a) FROM t1 GROUP BY a
SELECT grouping(b) FROM t1 GROUP BY a
SELECT a, b, grouping(a, b), count(*) FROM t2 JOIN t1 USING (a) GROUP BY ROLLUP (a, b)
SELECT a, b, count(*) FROM t1 GROUP BY GROUPING SETS ((a), (b), ())
SELECT a, b, g, count(*) FROM t1 GROUP BY CUBE (a, b), g
SELECT b FROM t2, t1 GROUP BY GROUPING SETS ((t1.a), ())
SELECT count(*) FROM t1 GROUP BY ()
SELECT count(*) FILTER (WHERE g), count(*) FILTER (WHERE a) FROM t1
SELECT count(*) FILTER (WHERE sum(a) > 1) FROM t1
-- ORDER BY, DISTINCT, LIMIT.
SELECT a AS z FROM t1 ORDER BY z
SELECT a AS z FROM t1 ORDER BY z + 1
SELECT a, b AS a FROM t1 ORDER BY a
SELECT a, a FROM t1 ORDER BY a
SELECT a FROM t1 ORDER BY 2
SELECT a FROM t1 ORDER BY 0
SELECT a FROM t1 ORDER BY 'x'
SELECT a FROM t1 ORDER BY b DESC NULLS FIRST, a USING >
SELECT a FROM t1 ORDER BY a USING +
SELECT a FROM t1 ORDER BY a USING =
SELECT i FROM t1 ORDER BY i, h, p, m, n
SELECT b::point FROM t1 ORDER BY 1
SELECT b::json FROM t1 ORDER BY 1
SELECT DISTINCT b::json FROM t1
SELECT b::json FROM t1 GROUP BY 1
SELECT DISTINCT a FROM t1 ORDER BY b
SELECT DISTINCT a, b FROM t1 ORDER BY b
SELECT DISTINCT ON (a) a, b FROM t1 ORDER BY a, b
SELECT DISTINCT ON (a) a, b FROM t1 ORDER BY b
SELECT DISTINCT ON (b, a) a FROM t1 ORDER BY a, c
SELECT DISTINCT ON (3) a FROM t1
SELECT a FROM t1 LIMIT 'x'
SELECT a FROM t1 LIMIT a
SELECT a FROM t1 LIMIT '10' OFFSET 1.5
SELECT a FROM t1 LIMIT true
SELECT a FROM t1 ORDER BY a FETCH FIRST 1 ROW WITH TIES
SELECT a FROM t1 ORDER BY a FETCH FIRST NULL ROWS WITH TIES
SELECT a FROM t1 WHERE a
SELECT a FROM t1 WHERE 'x'
SELECT a FROM t1 WHERE unnest(h) = 1
SELECT a FROM t1 FOR UPDATE
SELECT count(*) FROM t1 FOR UPDATE
SELECT DISTINCT a FROM t1 FOR UPDATE
SELECT a FROM t1 GROUP BY a FOR UPDATE
SELECT a FROM t1 FOR UPDATE OF t2
SELECT a FROM t1 z FOR UPDATE OF t1
SELECT 1 FROM (SELECT a FROM t1) z FOR SHARE OF z
SELECT 1 UNION SELECT 2 FOR UPDATE
VALUES (1) FOR UPDATE
SELECT 1 FROM generate_series(1,2) g FOR UPDATE OF g
-- Windows.
SELECT sum(a) OVER (PARTITION BY b ORDER BY d ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t1
SELECT sum(a) OVER (ORDER BY d RANGE BETWEEN '1 day' PRECEDING AND CURRENT ROW) FROM t1
SELECT sum(a) OVER (ORDER BY a RANGE BETWEEN 1 PRECEDING AND 2 FOLLOWING) FROM t1
SELECT sum(a) OVER (ORDER BY a, b RANGE 1 PRECEDING) FROM t1
SELECT sum(a) OVER (ORDER BY b RANGE 1 PRECEDING) FROM t1
SELECT sum(a) OVER (ORDER BY d RANGE 1 PRECEDING) FROM t1
SELECT sum(a) OVER (GROUPS 1 PRECEDING) FROM t1
SELECT sum(a) OVER (ROWS a PRECEDING) FROM t1
SELECT sum(a) OVER (ROWS 'x'::text PRECEDING) FROM t1
SELECT sum(a) OVER nosuch FROM t1
SELECT sum(a) OVER (nosuch) FROM t1
SELECT sum(a) OVER (w ORDER BY b) FROM t1 WINDOW w AS (PARTITION BY b)
SELECT sum(a) OVER (w PARTITION BY b) FROM t1 WINDOW w AS (PARTITION BY b)
SELECT sum(a) OVER (w ORDER BY b) FROM t1 WINDOW w AS (ORDER BY b)
SELECT sum(a) OVER (w) FROM t1 WINDOW w AS (ORDER BY b ROWS 1 PRECEDING)
SELECT sum(a) OVER (w ROWS 1 PRECEDING) FROM t1 WINDOW w AS (ORDER BY b ROWS 1 PRECEDING)
SELECT 1 FROM t1 WINDOW w AS (ORDER BY b), w AS (ORDER BY a)
SELECT count(DISTINCT a) OVER () FROM t1
SELECT rank() FILTER (WHERE g) OVER () FROM t1
SELECT sum(sum(a) OVER ()) OVER () FROM t1
-- FROM.
SELECT * FROM t1 JOIN t2 USING (a)
SELECT * FROM t1 JOIN t2 USING (b)
SELECT * FROM t1 JOIN t2 USING (a, a)
SELECT * FROM t1 NATURAL JOIN t2
SELECT a, t1.a, t2.a FROM t1 JOIN t2 USING (a)
SELECT a FROM t1 FULL JOIN t2 USING (a)
SELECT a FROM t1 RIGHT JOIN t2 USING (a) WHERE t1.a = 1
SELECT k FROM t1 JOIN (SELECT 1 AS k) z USING (k)
SELECT j.a FROM t1 JOIN t2 USING (a) AS j
SELECT j.b FROM t1 JOIN t2 USING (a) AS j
SELECT j.* FROM (t1 JOIN t2 USING (a)) AS j
SELECT t1.b FROM (t1 JOIN t2 USING (a)) AS j
SELECT * FROM t1 JOIN t2 ON t1.a
SELECT * FROM t1 JOIN t2 ON a = 1
SELECT * FROM t1 JOIN t2 ON t1.a = t2.a JOIN t3 ON t3.id = t2.a
SELECT * FROM t1 JOIN t2 ON t3.id = 1 CROSS JOIN t3
SELECT * FROM t1, (SELECT t1.a) z
SELECT * FROM t1, LATERAL (SELECT t1.a) z
SELECT * FROM t1, LATERAL (SELECT a) z
SELECT * FROM t1 RIGHT JOIN LATERAL (SELECT t1.a) z ON true
SELECT * FROM t1 FULL JOIN LATERAL (SELECT a) z ON true
SELECT * FROM (SELECT a FROM t1) z, (SELECT 1) y(q)
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v(x, y)
SELECT * FROM (VALUES (1, 'a'), (2)) v(x, y)
SELECT * FROM (VALUES (1, 'a'), ('x'::text, 2)) v(x, y)
SELECT * FROM generate_series(1, 3)
SELECT * FROM generate_series(1, 3) g
SELECT g FROM generate_series(1, 3) g
SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS g(x, y)
SELECT * FROM unnest(ARRAY[1,2], ARRAY['a','b']) AS u(x, y)
SELECT * FROM ROWS FROM (generate_series(1,2), unnest(ARRAY['a'])) WITH ORDINALITY
SELECT * FROM json_to_record('{}') AS x(a int, b text)
SELECT * FROM json_to_record('{}')
SELECT * FROM json_to_record('{}') AS x(a int, a text)
SELECT * FROM generate_series(1,2) AS x(a int)
SELECT * FROM jsonb_each('{}')
SELECT * FROM jsonb_each('{}') AS x(a int, b int)
SELECT * FROM pg_typeof(1), upper('a'), current_date
SELECT * FROM t1, unnest(h)
SELECT * FROM t1, unnest(t1.h) WITH ORDINALITY AS u(v, n)
SELECT * FROM generate_series(1, generate_series(1,2))
SELECT * FROM upper(unnest(ARRAY['a']))
SELECT * FROM sum(1)
SELECT * FROM t1 TABLESAMPLE bernoulli (10)
SELECT * FROM t1 TABLESAMPLE nosuch (10)
SELECT * FROM v1 TABLESAMPLE system (10)
SELECT * FROM v1
SELECT * FROM pg_class WHERE relname = 't1'
SELECT * FROM pg_tables
SELECT table_name, is_insertable_into FROM information_schema.tables
SELECT c FROM t1 c
SELECT c.c FROM t1 c
SELECT * FROM t1 WHERE (SELECT 1, 2) = 1
SELECT (SELECT a, b FROM t1)
SELECT a IN (SELECT a FROM t2), a = ANY (SELECT y FROM t2), (a, b) IN (SELECT a, x FROM t2), (a, b) = (SELECT a, x FROM t2) FROM t1
SELECT a IN (SELECT a, x FROM t2) FROM t1
SELECT (a, b) IN (SELECT a FROM t2) FROM t1
SELECT a IN (SELECT x FROM t2) FROM t1
SELECT ARRAY(SELECT a FROM t1), ARRAY(SELECT h FROM t1), (SELECT j FROM t1)
SELECT ARRAY(SELECT a, b FROM t1)
-- Set operations.
SELECT 1 UNION SELECT 2.5
SELECT 1 UNION SELECT 'a'
SELECT '1' UNION SELECT 2
SELECT 'a' UNION SELECT 'b'
SELECT NULL UNION SELECT NULL UNION SELECT 1
SELECT NULL UNION SELECT 1
SELECT 1, 2 UNION SELECT 1
SELECT a FROM t1 UNION SELECT b FROM t1
SELECT a AS x FROM t1 UNION ALL SELECT k FROM t1 ORDER BY x
SELECT a AS x FROM t1 UNION ALL SELECT k FROM t1 ORDER BY x + 1
SELECT a FROM t1 UNION SELECT a FROM t2 ORDER BY b
SELECT j FROM t1 UNION SELECT j FROM t1
SELECT j FROM t1 UNION SELECT b FROM t1
SELECT 1 INTERSECT SELECT 1 EXCEPT SELECT 2
(SELECT 1 LIMIT 1) UNION ALL (SELECT 2 ORDER BY 1)
SELECT b::json FROM t1 UNION SELECT b::json FROM t1
SELECT b::json FROM t1 UNION ALL SELECT b::json FROM t1
SELECT * FROM (SELECT 1 UNION SELECT 2) z(a)
VALUES (1, NULL), (NULL, 'a') ORDER BY 1 LIMIT 1
VALUES (1), ('x')
-- WITH.
WITH x AS (SELECT a, b FROM t1) SELECT * FROM x
WITH x(p, q) AS (SELECT a, b FROM t1) SELECT p FROM x
WITH x(p, q, r) AS (SELECT a, b FROM t1) SELECT p FROM x
WITH x AS (SELECT 1), x AS (SELECT 2) SELECT 1
WITH x AS (SELECT * FROM y), y AS (SELECT 1) SELECT 1
WITH RECURSIVE x AS (SELECT * FROM y), y AS (SELECT 1 AS q) SELECT * FROM x
WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 5) SELECT n FROM x
WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1.5 FROM x) SELECT n FROM x
WITH RECURSIVE x(n) AS (SELECT 'a' UNION ALL SELECT n || 'b' FROM x) SELECT n FROM x
WITH RECURSIVE x(n) AS (SELECT n FROM x) SELECT n FROM x
WITH RECURSIVE x(n) AS (SELECT n FROM x UNION SELECT 1) SELECT n FROM x
WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT max(n) FROM x) SELECT n FROM x
WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT 1 FROM t1 LEFT JOIN x ON true) SELECT n FROM x
WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT 1 FROM x, x y) SELECT n FROM x
WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT 1 WHERE 1 IN (SELECT n FROM x)) SELECT n FROM x
WITH RECURSIVE x(n) AS (SELECT 1 INTERSECT SELECT n FROM x) SELECT n FROM x
WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n FROM x ORDER BY 1) SELECT n FROM x
WITH RECURSIVE x AS (SELECT 1 FROM y), y AS (SELECT 1 FROM x) SELECT 1 FROM x
WITH RECURSIVE o(x) AS (WITH i AS (SELECT 2 FROM o) SELECT * FROM i UNION SELECT * FROM o) SELECT * FROM o
WITH RECURSIVE o(x) AS (WITH i AS (SELECT 2) SELECT * FROM o UNION SELECT * FROM i) SELECT * FROM o
WITH RECURSIVE o(x) AS (SELECT 1 UNION (WITH i AS (SELECT 2) SELECT * FROM o UNION SELECT * FROM i)) SELECT * FROM o ORDER BY 1
WITH RECURSIVE o(x) AS (SELECT 1 UNION (WITH i AS (SELECT * FROM o) SELECT * FROM i UNION SELECT * FROM o)) SELECT * FROM o
WITH x AS (INSERT INTO t1 (a) VALUES (1) RETURNING a) SELECT * FROM x
WITH x AS (INSERT INTO t1 (a) VALUES (1)) SELECT * FROM x
SELECT * FROM (WITH x AS (DELETE FROM t1 RETURNING a) SELECT * FROM x) z
WITH t1 AS (SELECT 1 AS q) SELECT q FROM t1
WITH x AS (SELECT 1) INSERT INTO x VALUES (1)
-- INSERT.
INSERT INTO t1 VALUES (1, 'a')
INSERT INTO t1 (a, nosuch) VALUES (1, 2)
INSERT INTO t1 (a, a) VALUES (1, 2)
INSERT INTO t1 (a) VALUES (1, 2)
INSERT INTO t1 (a, b) VALUES (1)
INSERT INTO t1 (a, b) VALUES ((1, 'b'))
INSERT INTO t1 (a, b) SELECT 1
INSERT INTO t2 VALUES (1,2,3,4,5,6)
INSERT INTO t1 (a) VALUES ('x'::text)
INSERT INTO t1 (a, d) VALUES (1, true)
INSERT INTO t1 (b) VALUES (1)
INSERT INTO t1 (a) VALUES (1), (2, 3)
INSERT INTO t1 (a, b) VALUES (1, DEFAULT), (DEFAULT, 'x')
INSERT INTO t1 DEFAULT VALUES RETURNING a, b
INSERT INTO t1 (h[1], h[2]) VALUES (1, 2)
INSERT INTO t1 (n.x, n.y) VALUES (1, 'a')
INSERT INTO t1 (n.z) VALUES (1)
INSERT INTO t1 (a.z) VALUES (1)
INSERT INTO t1 (a[1]) VALUES (1)
INSERT INTO t1 (ctid) VALUES ('(0,1)')
INSERT INTO nosuch VALUES (1)
INSERT INTO t1 (a) SELECT a, b FROM t1
INSERT INTO t1 (a, b) SELECT a, 'x' FROM t1 UNION SELECT 1, 'y'
INSERT INTO t1 (a, m, o) SELECT 1, 'sad', 5
INSERT INTO t1 (a) VALUES (sum(1))
INSERT INTO t1 (a) VALUES (generate_series(1,2))
INSERT INTO t1 (a) VALUES (generate_series(1,2)), (3)
INSERT INTO t1 (a) VALUES (b)
INSERT INTO t1 (a) VALUES (1) RETURNING nosuch
INSERT INTO t1 AS z (a) VALUES (1) RETURNING z.a, t1.b
INSERT INTO t1 AS z (a) VALUES (1) RETURNING z.*
INSERT INTO t1 (a) VALUES (1) ON CONFLICT DO NOTHING
INSERT INTO t1 (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE t1.a > 1
INSERT INTO t1 (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = b
INSERT INTO t1 (a) VALUES (1) ON CONFLICT DO UPDATE SET b = 1
INSERT INTO t1 (a) VALUES (1) ON CONFLICT (nosuch) DO NOTHING
INSERT INTO t1 (a) VALUES (1) ON CONFLICT (a DESC) DO NOTHING
INSERT INTO t1 (a) VALUES (1) ON CONFLICT ON CONSTRAINT t1_pkey DO NOTHING
INSERT INTO t1 (a) VALUES (1) ON CONFLICT ON CONSTRAINT nosuch DO NOTHING
INSERT INTO t1 (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET nosuch = 1
INSERT INTO t1 (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.nosuch
INSERT INTO t3 (id, name) VALUES (1, 'a')
INSERT INTO t3 (id, name) VALUES (DEFAULT, DEFAULT)
INSERT INTO t3 (id, name) OVERRIDING SYSTEM VALUE VALUES (1, 'a')
INSERT INTO t2 (gen) VALUES (1)
INSERT INTO t2 (a, gen) VALUES (1, DEFAULT)
INSERT INTO v1 (a, bb) VALUES (1, 'x') RETURNING *
INSERT INTO v1 (cc) VALUES (1)
-- UPDATE.
UPDATE t1 SET b = 'x', c = a WHERE a = 1
UPDATE t1 SET nosuch = 1
UPDATE t1 SET b = nosuch
UPDATE t1 SET t1.b = 1
UPDATE t1 SET a = 'x'::text
UPDATE t1 SET d = 1
UPDATE t1 SET a = 1, a = 2
UPDATE t1 SET b = DEFAULT
UPDATE t1 SET (a, b) = (1, 'x')
UPDATE t1 SET (a, b) = (1, 2, 3)
UPDATE t1 SET (a, b) = (SELECT a, x FROM t2)
UPDATE t1 SET (a, b) = (SELECT a FROM t2)
UPDATE t1 SET (a, b) = ROW(DEFAULT, 'x')
UPDATE t1 SET h[1] = 1, h[2] = 2, n.x = 1
UPDATE t1 SET h[1] = 'x'::text
UPDATE t1 SET h[1:2] = 1
UPDATE t1 SET n.x = 'x'::text
UPDATE t1 SET h[1] = DEFAULT
UPDATE t1 SET b = t2.x FROM t2 WHERE t1.a = t2.a RETURNING t1.a, t2.x, *
UPDATE t1 SET b = z.q FROM (SELECT t1.a AS q) z
UPDATE t1 SET b = 1 FROM t1
UPDATE t1 x SET b = t1.b
UPDATE t1 SET b = sum(a)
UPDATE t1 SET a = generate_series(1,2)
UPDATE t1 SET ctid = '(0,1)'
UPDATE t2 SET gen = 1
UPDATE t3 SET id = 1
UPDATE t3 SET id = DEFAULT
UPDATE v1 SET bb = 'x' WHERE a = 1 RETURNING cc
UPDATE v1 SET cc = 1
-- DELETE, MERGE.
DELETE FROM t1 WHERE a = 1 RETURNING *
DELETE FROM t1 USING t2 WHERE t1.a = t2.a
DELETE FROM t1 USING t1 WHERE true
DELETE FROM t1 WHERE b
DELETE FROM nosuch
DELETE FROM t1 WHERE sum(a) > 1
DELETE FROM v1 WHERE cc > 1
MERGE INTO t1 USING t2 ON t1.a = t2.a WHEN MATCHED THEN UPDATE SET b = x WHEN NOT MATCHED THEN INSERT (a, b) VALUES (t2.a, x)
MERGE INTO t1 USING t2 ON t1.a = t2.a WHEN NOT MATCHED THEN INSERT (a) VALUES (t1.a)
MERGE INTO t1 USING t2 ON t1.a = t2.a WHEN MATCHED THEN DELETE WHEN MATCHED THEN DELETE
MERGE INTO t1 USING t1 ON true WHEN MATCHED THEN DELETE
MERGE INTO v1 USING t2 ON true WHEN MATCHED THEN DELETE
-- Collations.
SELECT b COLLATE "C" FROM t1
SELECT a COLLATE "C" FROM t1
SELECT b COLLATE nosuch FROM t1
SELECT b COLLATE "C" < b COLLATE "POSIX" FROM t1
SELECT b COLLATE "C" || b FROM t1 ORDER BY b COLLATE "C"
SELECT 'a' COLLATE "C"
SELECT b COLLATE "C" FROM t1 UNION SELECT b COLLATE "POSIX" FROM t1
-- Others.
SELECT DEFAULT
SELECT current_user, session_user, current_schema, current_catalog, localtime, current_time(3), current_timestamp(2)
UPDATE t1 SET a = 1 WHERE CURRENT OF c
SELECT '2000-01-01'::date + 1, DATE '2000-01-01' - 5
SELECT a.* FROM t1 a JOIN (t2 b JOIN t3 c ON b.a = c.id) ON a.a = b.a
SELECT x.* FROM t1 y
SELECT count(x.*) FROM t1 x
SELECT f1 FROM (SELECT ROW(1,2)) z(r)
SELECT (r).f1 FROM (SELECT ROW(1,2)) z(r)
SELECT (r).a FROM (SELECT t1 AS r FROM t1) z
SELECT (pg_get_keywords()).word
SELECT (pg_get_keywords()).*
