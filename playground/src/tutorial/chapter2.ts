/** PostgreSQL's tutorial, "The SQL Language". */
import type { Lesson } from './lesson.js';

const NOTHING = `DROP VIEW IF EXISTS myview;
DROP VIEW IF EXISTS cities_view;
DROP TABLE IF EXISTS weather;
DROP TABLE IF EXISTS cities CASCADE;
DROP TABLE IF EXISTS tablename;
`;

const EMPTY = `${NOTHING}CREATE TABLE weather (city varchar(80), temp_lo int, temp_hi int, prcp real, date date);
CREATE TABLE cities (name varchar(80), location point);
`;

/** The tables with the rows of section 2.4. */
export const FILLED = `${EMPTY}INSERT INTO weather VALUES ('San Francisco', 46, 50, 0.25, '1994-11-27');
INSERT INTO cities VALUES ('San Francisco', '(-194.0, 53.0)');
INSERT INTO weather (city, temp_lo, temp_hi, prcp, date) VALUES ('San Francisco', 43, 57, 0.0, '1994-11-29');
INSERT INTO weather (date, city, temp_hi, temp_lo) VALUES ('1994-11-29', 'Hayward', 54, 37);
`;

export const chapter2: readonly Lesson[] = [
  {
    id: 'create', section: '2.3', title: 'Creating a table', setup: NOTHING,
    steps: [
      {
        id: 'weather', title: 'A table for the weather',
        text: `<p>A <b>table</b> is a named set of rows; every row has the same named <b>columns</b>, and every column has a type. You make one by naming it and listing its columns.</p>
<p>Line breaks and spaces are yours to choose, key words and names may be upper or lower case, and everything from <code>--</code> to the end of a line is a comment. The statement ends at the semicolon.</p>
<p><code>varchar(80)</code> holds text of up to 80 characters, <code>int</code> whole numbers, <code>real</code> floating-point numbers. A column of type <code>date</code> may well be called <code>date</code>.</p>`,
        sql: `CREATE TABLE weather (
    city      varchar(80),
    temp_lo   int,           -- low temperature
    temp_hi   int,           -- high temperature
    prcp      real,          -- precipitation
    date      date
);`,
        check: `SELECT count(*) = 5 FROM pg_attribute WHERE attrelid = 'weather'::regclass AND attnum > 0 AND NOT attisdropped`,
      },
      {
        id: 'cities', title: 'A table for the cities',
        text: `<p>The second table keeps where a city lies. <code>point</code> is a type of PostgreSQL's own: a pair of coordinates. There are many more types, and you can add yours.</p>`,
        sql: `CREATE TABLE cities (
    name      varchar(80),
    location  point
);`,
        check: `SELECT to_regclass('cities') IS NOT NULL`,
      },
      {
        id: 'drop', title: 'Removing a table',
        text: `<p>A table that is no longer wanted is removed with <code>DROP TABLE</code>, its rows with it. Make one to throw away, then throw it away.</p>`,
        sql: `CREATE TABLE tablename (anything int);

DROP TABLE tablename;`,
        check: `SELECT to_regclass('tablename') IS NULL`,
      },
    ],
  },
  {
    id: 'insert', section: '2.4', title: 'Filling it with rows', setup: EMPTY,
    steps: [
      {
        id: 'first', title: 'A first row',
        text: `<p><code>INSERT</code> adds rows. The values come in the order of the columns. Constants other than plain numbers stand in single quotes; a date is safest as year-month-day.</p>`,
        sql: `INSERT INTO weather VALUES ('San Francisco', 46, 50, 0.25, '1994-11-27');`,
        check: `SELECT count(*) >= 1 FROM weather WHERE city = 'San Francisco' AND temp_lo = 46 AND prcp = 0.25`,
      },
      {
        id: 'point', title: 'A point',
        text: `<p>A <code>point</code> is written as a pair of coordinates in one quoted constant.</p>`,
        sql: `INSERT INTO cities VALUES ('San Francisco', '(-194.0, 53.0)');`,
        check: `SELECT count(*) >= 1 FROM cities WHERE name = 'San Francisco'`,
      },
      {
        id: 'columns', title: 'Naming the columns',
        text: `<p>So far you had to remember the columns' order. It is better to name them: the statement then still works when a column is added.</p>`,
        sql: `INSERT INTO weather (city, temp_lo, temp_hi, prcp, date)
    VALUES ('San Francisco', 43, 57, 0.0, '1994-11-29');`,
        check: `SELECT count(*) >= 1 FROM weather WHERE temp_lo = 43 AND date = '1994-11-29'`,
      },
      {
        id: 'some', title: 'Leaving some out',
        text: `<p>Named columns may come in any order, and some may be missing, here the precipitation nobody measured. What is left out becomes <b>null</b>: unknown.</p>`,
        sql: `INSERT INTO weather (date, city, temp_hi, temp_lo)
    VALUES ('1994-11-29', 'Hayward', 54, 37);`,
        check: `SELECT count(*) >= 1 FROM weather WHERE city = 'Hayward' AND prcp IS NULL`,
      },
      {
        id: 'copy', title: 'Many rows from a file',
        text: `<p>Large amounts come faster with <code>COPY</code>, which reads a file <em>on the machine the database runs on</em>. This database runs in your browser and has no files, so the statement fails: that is what this step is about. Note the code of the error, its <b>SQLSTATE</b>: programs look at it, people read the message.</p>`,
        sql: `COPY weather FROM '/home/user/weather.txt';`,
        check: `SELECT true`, error: '58P01',
      },
    ],
  },
  {
    id: 'select', section: '2.5', title: 'Querying a table', setup: FILLED,
    steps: [
      {
        id: 'all', title: 'Everything',
        text: `<p>To <b>query</b> a table means to ask for rows of it, with <code>SELECT</code>: what to show, from which table, and under which condition. <code>*</code> stands for all columns.</p>`,
        sql: `SELECT * FROM weather;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = (SELECT count(*) FROM weather)`,
      },
      {
        id: 'listed', title: 'The columns by name',
        text: `<p>The same with the columns listed. In programs this is better style than <code>*</code>: a column added later does not change the result.</p>`,
        sql: `SELECT city, temp_lo, temp_hi, prcp, date FROM weather;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = (SELECT count(*) FROM weather)`,
      },
      {
        id: 'expressions', title: 'Expressions',
        text: `<p>The list may hold any expression. <code>AS</code> gives the result column its name.</p>`,
        sql: `SELECT city, (temp_hi+temp_lo)/2 AS temp_avg, date FROM weather;`,
        check: `SELECT (SELECT sum(temp_avg) FROM ({sql}) AS answer) = (SELECT sum((temp_hi + temp_lo) / 2) FROM weather)`,
      },
      {
        id: 'where', title: 'Only some rows',
        text: `<p><code>WHERE</code> keeps the rows for which its condition is true; <code>AND</code>, <code>OR</code> and <code>NOT</code> combine conditions. Which days in San Francisco were rainy?</p>`,
        sql: `SELECT * FROM weather
    WHERE city = 'San Francisco' AND prcp > 0.0;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 1`,
      },
      {
        id: 'order', title: 'In order',
        text: `<p>Without being told, a database returns rows in whatever order is convenient. <code>ORDER BY</code> settles it.</p>`,
        sql: `SELECT * FROM weather
    ORDER BY city;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = (SELECT count(*) FROM weather)`,
      },
      {
        id: 'order2', title: 'In one order only',
        text: `<p>The two rows of San Francisco could still come either way round. With a second column the order is complete.</p>`,
        sql: `SELECT * FROM weather
    ORDER BY city, temp_lo;`,
        check: `SELECT (SELECT array_agg(temp_lo) FROM ({sql}) AS answer) = (SELECT array_agg(temp_lo ORDER BY city, temp_lo) FROM weather)`,
      },
      {
        id: 'distinct', title: 'Without duplicates',
        text: `<p><code>DISTINCT</code> drops rows that are equal to one already there.</p>`,
        sql: `SELECT DISTINCT city
    FROM weather;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 2`,
      },
      {
        id: 'distinct-order', title: 'Distinct and in order',
        text: `<p><code>DISTINCT</code> promises no order. Ask for both if you want both.</p>`,
        sql: `SELECT DISTINCT city
    FROM weather
    ORDER BY city;`,
        check: `SELECT (SELECT array_agg(city::text) FROM ({sql}) AS answer) = ARRAY['Hayward', 'San Francisco']`,
      },
    ],
  },
  {
    id: 'join', section: '2.6', title: 'Joining tables', setup: FILLED,
    steps: [
      {
        id: 'join', title: 'Two tables side by side',
        text: `<p>A <b>join</b> pairs rows of two tables. <code>ON</code> says which pairs count. Hayward is missing from the answer, since no row of <code>cities</code> fits, and the city's name is there twice, once from each table.</p>`,
        sql: `SELECT * FROM weather JOIN cities ON city = name;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 2`,
      },
      {
        id: 'listed', title: 'The columns that matter',
        text: `<p>List the columns and the name is there once.</p>`,
        sql: `SELECT city, temp_lo, temp_hi, prcp, date, location
    FROM weather JOIN cities ON city = name;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 2`,
      },
      {
        id: 'qualified', title: 'Saying which table',
        text: `<p>When both tables have a column of the same name, say <code>table.column</code>. In joins that is good style anyway: a column added to one table later cannot make the query ambiguous.</p>`,
        sql: `SELECT weather.city, weather.temp_lo, weather.temp_hi,
       weather.prcp, weather.date, cities.location
    FROM weather JOIN cities ON weather.city = cities.name;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 2`,
      },
      {
        id: 'implicit', title: 'The older spelling',
        text: `<p>You will also meet this form: tables separated by commas, the condition among the others in <code>WHERE</code>. The answer is the same; <code>JOIN … ON</code> tells a reader more.</p>`,
        sql: `SELECT *
    FROM weather, cities
    WHERE city = name;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 2`,
      },
      {
        id: 'outer', title: 'Keeping the rows without a partner',
        text: `<p>A <b>left outer join</b> keeps every row of the table on the left. Where nothing on the right fits, the right columns are null. There are right and full outer joins as well: try what they do.</p>`,
        sql: `SELECT *
    FROM weather LEFT OUTER JOIN cities ON weather.city = cities.name;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 3`,
      },
      {
        id: 'self', title: 'A table with itself',
        text: `<p>A table can be joined with itself under two names. Which days had temperatures that lie wholly within another day's range?</p>`,
        sql: `SELECT w1.city, w1.temp_lo AS low, w1.temp_hi AS high,
       w2.city, w2.temp_lo AS low, w2.temp_hi AS high
    FROM weather w1 JOIN weather w2
        ON w1.temp_lo < w2.temp_lo AND w1.temp_hi > w2.temp_hi;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 2`,
      },
      {
        id: 'alias', title: 'Short names',
        text: `<p>Such <b>aliases</b> save typing in other queries too.</p>`,
        sql: `SELECT *
    FROM weather w JOIN cities c ON w.city = c.name;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 2`,
      },
    ],
  },
  {
    id: 'aggregate', section: '2.7', title: 'Aggregates', setup: FILLED,
    steps: [
      {
        id: 'max', title: 'One value from many rows',
        text: `<p>An <b>aggregate</b> makes one value of many rows: <code>count</code>, <code>sum</code>, <code>avg</code>, <code>max</code>, <code>min</code>. What was the highest low temperature?</p>`,
        sql: `SELECT max(temp_lo) FROM weather;`,
        check: `SELECT (SELECT max FROM ({sql}) AS answer) = 46`,
      },
      {
        id: 'wrong', title: 'Where an aggregate cannot be',
        text: `<p>And where was that? This looks right and is not: <code>WHERE</code> decides which rows an aggregate gets to see, so the aggregate does not exist yet. Run it and see where the error points.</p>`,
        sql: `SELECT city FROM weather WHERE temp_lo = max(temp_lo);`,
        check: `SELECT true`, error: '42803',
      },
      {
        id: 'subquery', title: 'A query in a query',
        text: `<p>A <b>subquery</b> does it: it computes its own aggregate, apart from what the outer query does.</p>`,
        sql: `SELECT city FROM weather
    WHERE temp_lo = (SELECT max(temp_lo) FROM weather);`,
        check: `SELECT (SELECT city FROM ({sql}) AS answer) = 'San Francisco'`,
      },
      {
        id: 'group', title: 'For each city',
        text: `<p><code>GROUP BY</code> makes groups of rows and computes the aggregates once for each.</p>`,
        sql: `SELECT city, count(*), max(temp_lo)
    FROM weather
    GROUP BY city;`,
        check: `SELECT (SELECT sum(count) FROM ({sql}) AS answer) = 3`,
      },
      {
        id: 'having', title: 'Only some groups',
        text: `<p><code>HAVING</code> is for groups what <code>WHERE</code> is for rows.</p>`,
        sql: `SELECT city, count(*), max(temp_lo)
    FROM weather
    GROUP BY city
    HAVING max(temp_lo) < 40;`,
        check: `SELECT (SELECT city FROM ({sql}) AS answer) = 'Hayward'`,
      },
      {
        id: 'like', title: 'Rows first, then groups',
        text: `<p>Cities whose names begin with S: a condition on rows belongs into <code>WHERE</code>, so that the others are never grouped at all. <code>LIKE</code> compares with a pattern, where <code>%</code> is any text.</p>`,
        sql: `SELECT city, count(*), max(temp_lo)
    FROM weather
    WHERE city LIKE 'S%'
    GROUP BY city;`,
        check: `SELECT (SELECT count FROM ({sql}) AS answer) = 2`,
      },
      {
        id: 'filter', title: 'Rows for one aggregate',
        text: `<p><code>FILTER</code> keeps rows from a single aggregate and no other: here <code>count</code> sees the cold days only, <code>max</code> sees all.</p>`,
        sql: `SELECT city, count(*) FILTER (WHERE temp_lo < 45), max(temp_lo)
    FROM weather
    GROUP BY city;`,
        check: `SELECT (SELECT sum(count) FROM ({sql}) AS answer) = 2`,
      },
    ],
  },
  {
    id: 'update', section: '2.8', title: 'Updates', setup: FILLED,
    steps: [
      {
        id: 'update', title: 'Correcting rows',
        text: `<p>The thermometer was two degrees too high from the 28th of November. <code>UPDATE</code> changes rows in place; <code>WHERE</code> says which.</p>`,
        sql: `UPDATE weather
    SET temp_hi = temp_hi - 2,  temp_lo = temp_lo - 2
    WHERE date > '1994-11-28';`,
        check: `SELECT count(*) = 1 FROM weather WHERE city = 'Hayward' AND temp_hi = 52 AND temp_lo = 35`,
      },
      {
        id: 'look', title: 'What it looks like now',
        text: `<p>See for yourself.</p>`,
        sql: `SELECT * FROM weather;`,
        check: `SELECT (SELECT sum(temp_hi) FROM ({sql}) AS answer) = 157`,
      },
    ],
  },
  {
    id: 'delete', section: '2.9', title: 'Deletions',
    setup: `${FILLED}UPDATE weather SET temp_hi = temp_hi - 2, temp_lo = temp_lo - 2 WHERE date > '1994-11-28';
CREATE TABLE tablename (anything int);
INSERT INTO tablename VALUES (1), (2);
`,
    steps: [
      {
        id: 'delete', title: 'Removing rows',
        text: `<p>Hayward is of no more interest.</p>`,
        sql: `DELETE FROM weather WHERE city = 'Hayward';`,
        check: `SELECT count(*) = 0 FROM weather WHERE city = 'Hayward'`,
      },
      {
        id: 'look', title: 'What is left',
        text: `<p>Only San Francisco.</p>`,
        sql: `SELECT * FROM weather;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 2`,
      },
      {
        id: 'all', title: 'Removing all of them',
        text: `<p>Be careful with a <code>DELETE</code> without condition: it empties the table, and nobody asks whether you are sure.</p>`,
        sql: `DELETE FROM tablename;`,
        check: `SELECT count(*) = 0 FROM tablename`,
      },
    ],
  },
];
