// Where SQLite's SQL is another than PostgreSQL's. `$1` is a name to it, `?1` the number.
export const sqlite = {
  params: (sql) => sql.replace(/\$(\d+)/g, '?$1'),
  series: (n) => `WITH RECURSIVE s(g) AS (VALUES (1) UNION ALL SELECT g + 1 FROM s WHERE g < ${n}) SELECT g FROM s`,
  lacks: ['date', 'md5'],
  ilike: 'LIKE',
  json: (text) => `jsonb(${text})`,
};
