// Dialogues of protocol 3.0, message by message. What PostgreSQL 15 answers to each is in `dialogues.txt`, which
// `TUSKLET_BLESS=1 TUSKLET_WIRE=host:port node --test tests/wire/dialogues.test.mjs` asks of a running one.
import { F, M, i16, i32, text } from './client.mjs';

const { query: Q, parse: P, bind: B, describe: D, execute: E, close: C, raw: msg } = M;
const [S, H, X] = [M.sync, M.flush, M.terminate];
const d = (data) => msg('d', data);
const c = () => msg('c');
const f = (reason) => msg('f', text(reason));
const L = (s) => Buffer.from(s, 'latin1');

/** A name, what the connection starts with, and messages: one by one, or several sent at once. */
export const dialogues = [];
const addp = (name, settings, ...steps) => dialogues.push({ name, settings, steps: steps.map((s) => (typeof s === 'string' ? Q(s) : s)) });
const add = (name, ...steps) => addp(name, {}, ...steps);
const x = (name, ...steps) => add(`extended ${name}`, ...steps);
const cp = (name, ...steps) => add(`copy ${name}`, 'create temp table t(a int, b text)', ...steps, 'select * from t');

// startup
addp('startup', {});
addp('startup params', {application_name:'me é',DateStyle:'german',TimeZone:'Europe/Berlin',IntervalStyle:'iso_8601',extra_float_digits:'2'}, Q('select now()::text is null, current_setting(\'application_name\')'));
addp('startup options', {options:'-c search_path=x,y --work-mem=5MB -c application_name=op'}, Q('show search_path'),Q('show work_mem'));
addp('startup badparam', {nosuch:'1'});
addp('startup badval', {DateStyle:'foo'});
addp('startup badval2', {work_mem:'foo'});
addp('startup postmaster', {shared_buffers:'100'});
addp('startup optbad', {options:'-c nosuch=1'});
addp('startup optbad2', {options:'-q'});
addp('startup readonly', {default_transaction_read_only:'on',standard_conforming_strings:'off'});
addp('startup reset', {DateStyle:'sql, dmy',application_name:'a'},Q('set datestyle=german'),Q('reset datestyle'),Q("set application_name='b'"),Q('reset all'),Q('discard all'));
addp('startup pq', {'_pq_.foo':'1'});
addp('startup nodb', {database:'nosuchdb'});
addp('startup repl', {replication:'maybe'});
// simple
add('query empty',Q(''),Q(';'),Q(' ; ; '),Q('-- comment'),Q('/* x'));
add('query one',Q('select 1'),Q('select 1 as "é", 2.5::numeric(5,2), \'x\'::varchar(7), null'),Q('select'),Q('values (1,2),(3,4)'));
add('query several',Q('select 1; select 2; select 3'),Q('select 1; select 1/0; select 3'),Q('select 1;; ;select 2;'),Q('select 1; selec 2'));
add('query several-dml',
  Q('create temp table t(a int unique); insert into t values(1); insert into t values(2),(3); update t set a=a+10; delete from t where a>12; select * from t; truncate t; drop table t'));
add('query several-err',
  Q('create temp table t(a int)'), Q('insert into t values(1); insert into t values (2); select 1/0'), Q('select * from t'),
  Q('begin; insert into t values(1); commit; insert into t values(2); select 1/0'), Q('select * from t'),
  Q('insert into t values(5); begin; insert into t values(6); select 1/0'), Q('select * from t'), Q('rollback'), Q('select * from t'));
add('query implicit',Q('select 1; begin; select 2'),Q('select 3; commit; select 4'),Q('rollback'),Q('commit'),Q('begin; begin'),Q('rollback; rollback'));
add('query implicit-sp',
  Q('savepoint a'), Q('select 1; savepoint a'), Q('release a'), Q('rollback to a'), Q('begin; savepoint a; select 1/0'), Q('select 1'), Q('rollback to a'),
  Q('select 1'), Q('commit'));
add('query implicit-vac',
  Q('vacuum'), Q('select 1; vacuum'), Q('vacuum; select 1'), Q('create database zzz1; select 1'), Q('select 1; create database zzz1'), Q('begin'), Q('vacuum'),
  Q('rollback'));
add('query implicit-settx',
  Q('set transaction isolation level serializable'), Q('set transaction isolation level serializable; show transaction_isolation'), Q('set local work_mem=\'5MB\''),
  Q('set local work_mem=\'5MB\'; show work_mem'), Q('show work_mem'), Q('set transaction read only; create temp table x(a int)'), Q('lock table pg_class'),
  Q('select 1; lock table pg_class'));
add('query chain',
  Q('begin; select 1; commit and chain'), Q('show transaction_isolation'), Q('rollback'), Q('commit and chain'), Q('select 1; commit and chain; select 2'),
  Q('select 1; rollback and chain'));
add('query prepare-tx',Q('prepare transaction \'x\''),Q('commit prepared \'x\''),Q('begin'),Q('prepare transaction \'x\''),Q('select 1'),Q('rollback'));
add('query failed-multi',Q('begin; select 1/0; select 2'),Q('select 3; commit'),Q('commit; select 4'),Q('begin; selec'),Q('select 1'),Q('commit'));
add('query failed-q',
  Q('begin'), Q('selec'), Q(''), Q('select 1'), Q('set x.y=1'), Q('show x.y'), Q('rollback to x'), Q('savepoint x'), Q('declare c cursor for select 1'), Q('fetch c'),
  Q('rollback'));
add('query tags',
  Q('create temp table t(a int)'), Q('create index on t(a)'), Q('create temp table u as select 1 as a'), Q('select 1 as a into temp v'),
  Q('create temp view w as select 1'), Q('insert into t select 1 returning a'), Q('with x as (insert into t values(2) returning *) select * from x'),
  Q('with x as (select 1) insert into t select * from x'), Q('comment on table t is \'x\''), Q('alter table t add b int'), Q('explain select 1'),
  Q('explain (costs off) select * from t'), Q('drop view w; drop table t,u,v'), Q('set work_mem=\'1MB\''), Q('reset work_mem'), Q('show work_mem'), Q('listen x'),
  Q('unlisten *'), Q('notify y'), Q('analyze'), Q('checkpoint'), Q('discard plans'), Q('discard temp'),
  Q('lock pg_class'), Q('deallocate all'), Q('prepare p as select 1'), Q('execute p'), Q('deallocate p'),
  Q('create role wire_r1'), Q('alter role wire_r1 login'), Q('drop role wire_r1'), Q('create schema wire_s'), Q('drop schema wire_s'),
  Q('create sequence wire_sq'), Q('alter sequence wire_sq increment 2'), Q('drop sequence wire_sq'), Q('create type wire_ty as enum(\'a\')'),
  Q('alter type wire_ty add value \'b\''), Q('drop type wire_ty'), Q('create function wire_f() returns int language sql as \'select 1\''),
  Q('drop function wire_f'), Q('create domain wire_d as int'), Q('drop domain wire_d'), Q('set constraints all immediate'), Q('reindex table pg_class'),
  Q('create table if not exists pg_temp.q(a int)'), Q('create table if not exists pg_temp.q(a int)'), Q('drop table if exists nosuch'), Q('select 1 where false'),
  Q('merge into pg_temp.q using (select 1 as x) s on q.a=x when not matched then insert values(x)'), Q('copy pg_temp.q to stdout'),
  Q('refresh materialized view nosuch'));
add('query nul-invalid',
  msg('Q',Buffer.from([0x53,0xff,0])), msg('Q',Buffer.from("select 'ab\xc3'\0",'latin1')), msg('Q',Buffer.from('select 1\0select 2\0')),
  msg('Q',Buffer.from('select 1')), Q('select 1'));
add('query utf8-bad',
  ...['\xff','\xc3','\xc3(','\xe2\x82','\xe2(\xa1','\xf0\x9f\x98','\xed\xa0\x80','\xc0\x80','\xf8\x88\x80\x80\x80','\xf4\x90\x80\x80','\x80'].map(b=>Q(Buffer.concat([Buffer.from("select '"),Buffer.from(b,'latin1'),Buffer.from("' as x")]))));
add('query utf8-bad-end',...['\xff','\xc3','\xe2\x82','\xf0\x9f\x98','\xe2'].map(b=>Q(Buffer.concat([Buffer.from("select 1 --"),Buffer.from(b,'latin1')]))));
add('query error-fields',
  Q('create temp table e(a int primary key, b int not null check (b>0), c text references pg_temp.e0)'),
  Q('create temp table e(a int primary key, b int not null check (b>0))'), Q('insert into e values(1,1)'), Q('insert into e values(1,1)'),
  Q('insert into e values(2,-1)'), Q('insert into e values(2,null)'), Q("select 'x'::int"), Q('select * from nosuch'), Q('select nosuch from e'), Q('select 1 +* 2'),
  Q("select 'é', nosuch"), Q('select nosuchfn(1)'), Q("insert into e values('x',1)"), Q('drop table nosuch'), Q('select 1 frm e'), Q("select interval 'x'"),
  Q("select date '2000-13-01'"), Q('select 1 as a, 2 as b order by 3'), Q("select E'\\xff'"), Q("select 'abc"), Q('select "abc'), Q('select $1'),
  Q('select 5000000000::int'));
add('query notice',
  Q('drop table if exists n1; drop table if exists n2; select 1'), Q('create temp table n(a int)'), Q('create temp table if not exists n(a int); select 2'),
  Q('set client_min_messages=error'), Q('drop table if exists n1'), Q('reset client_min_messages'), Q("select 'a\\b'"),
  Q("set standard_conforming_strings=off; select 1"), Q("select 'a\\\\b', 'c\\'d'"), Q("select 1; select '\\\\'"), Q('rollback'), Q('begin;begin;'), Q('commit'),
  Q('commit; select 1; commit'));
add('query cursor',
  Q('begin; declare c scroll cursor for select * from generate_series(1,5); fetch 2 from c; fetch all from c; fetch backward 1 from c; move first c; fetch c; close c; commit'),
  Q('declare c cursor for select 1'), Q('declare c cursor with hold for select 1'), Q('fetch c'), Q('fetch c'), Q('close c'), Q('close c'), Q('fetch nosuch'));
add('query binary-cursor',
  Q('begin; declare c binary cursor for select 1, \'x\'::text, 2.5::float8; fetch c'), [B('','c'),S()], Q('rollback'), Q('begin; declare c binary cursor for select 1'),
  [D('P','c'),E('c',0),S()], Q('rollback'));
add('query exec-prepared',
  Q('prepare p(int,text) as select $1+1,$2'), Q("execute p(1,'x')"), Q("execute p(1)"), Q("execute p('x','y')"), [D('S','p'),S()],
  [B('','p',['4','z']),D('P',''),E(''),S()], Q('prepare p as select 1'), Q('execute nosuch'), Q('deallocate nosuch'), [C('S','p'),S()], Q('execute p(1,2)'));
// extended
x('basic',[P('','select 1'),B('',''),E(''),S()],[P('','select $1::int'),D('S',''),B('','',['5']),D('P',''),E(''),S()],[S()],[H(),S()]);
x('nosync',[P('','select 1'),H()],[B('',''),H()],[D('P',''),H()],[E(''),H()],[S()]);
x('empty',
  [P('',''),D('S',''),B('',''),D('P',''),E(''),S()], [P('','  ;  '),B('',''),E(''),S()], [P('','-- x'),B('',''),E(''),S()],
  [P('','',[23]),D('S',''),B('','',['1']),E(''),S()], [P('','',[23]),B('',''),E(''),S()]);
x('multi',
  [P('','select 1; select 2'),S()], [P('','select 1;'),B('',''),E(''),S()], [P('','select 1;;'),B('',''),E(''),S()], [P('',';select 1'),B('',''),E(''),S()]);
x('unknown',
  [B('','nosuch'),S()], [B('',''),S()], [D('S','nosuch'),S()], [D('S',''),S()], [D('P','nosuch'),S()], [D('P',''),S()], [E('nosuch'),S()], [E(''),S()],
  [C('S','nosuch'),S()], [C('P','nosuch'),S()], [D('X','a'),S()], [C('X','a'),S()]);
x('params-count',
  [P('s','select $1::int,$2::text'),S()], [B('','s'),S()], [B('','s',['1']),S()], [B('','s',['1','2','3']),S()], [B('','s',['1','2'],[1,0,1]),E(''),S()],
  [B('','s',['1','2'],[1,0]),D('P',''),E(''),S()], [B('','s',['1','2'],[2]),D('P',''),E(''),S()], [B('','s',['1','2'],[],[0,0,0]),S()],
  [B('','s',['1','2'],[],[0]),E(''),S()], [B('','s',['1','2'],[],[]),E(''),S()], [B('','s',['1','2'],[],[0,7]),E(''),S()],
  [P('','select $1::int,$2::text'),B('','',['1']),S()], [P('','select 1'),B('','',['1']),S()], [P('q','select 1'),B('','q',['1']),S()], [B('','q',[],[],[1]),E(''),S()],
  [B('','q',[],[],[1,1]),E(''),S()]);
x('results-count',
  [P('','select 1,2'),B('','',[],[0,0,0]),S()], [P('','select 1,2'),B('','',[],[0,1]),D('P',''),E(''),S()], [P('','select 1,2'),B('','',[],[1]),D('P',''),E(''),S()],
  [P('','set work_mem=\'4MB\''),B('','',[],[1]),D('P',''),E(''),S()], [P('','set work_mem=\'4MB\''),B('','',[],[1,1]),D('P',''),E(''),S()],
  [P('','select 1,2'),B('','',[],[5]),D('P',''),E(''),S()]);
x('types',
  [P('','select $1',[]),D('S',''),S()], [P('','select $1+1'),D('S',''),S()], [P('','select $1::text || $2'),D('S',''),S()], [P('','select $1',[23]),D('S',''),S()],
  [P('','select $1, $3',[23]),D('S',''),S()], [P('','select $3::int'),D('S',''),S()], [P('','select $1',[705]),D('S',''),S()],
  [P('','select $0'),S()], [P('','select $1::int, $1::text'),S()], [P('','select 1',[23,25]),D('S',''),B('','',['1','2']),E(''),S()],
  [P('','select $1::int where $2'),D('S',''),S()], [P('','insert into pg_temp.nosuch values($1)'),S()], [P('','select * from generate_series($1,$2)'),D('S',''),S()],
  [P('','select $1 is null'),D('S',''),S()], [P('','select $1 = any($2)'),D('S',''),S()], [P('','select $1[1]'),S()], [P('','select coalesce($1,1.5)'),D('S',''),S()],
  [P('','select case when $1 then $2 else 3 end'),D('S',''),S()], [P('','select $1 in (1,2)'),D('S',''),S()], [P('','limit $1'),S()],
  [P('','select 1 limit $1 offset $2'),D('S',''),S()], [P('','select $1::mood'),S()], [P('','values ($1),(2)'),D('S',''),S()], [P('','select row($1,2)'),D('S',''),S()],
  [P('','select array[$1,2]'),D('S',''),S()], [P('','select count($1)'),D('S',''),S()], [P('','select $1 order by 1'),D('S',''),S()],
  [P('','select $1 union select 2'),D('S',''),S()], [P('','select $1 between 1 and 2'),D('S',''),S()], [P('','select $1 like \'x\''),D('S',''),S()],
  [P('','select lower($1), abs($2)'),D('S',''),S()], [P('','select now()-$1'),D('S',''),S()]);
x('dup',
  [P('a','select 1'),P('a','select 2'),S()], [P('b','select 1'),B('p','b'),B('p','b'),S()], Q('begin'), [B('p','b'),S()], [B('p','b'),S()], Q('rollback'),
  [C('S','a'),P('a','select 3'),B('','a'),E(''),S()], [P('a','selec'),S()], [B('','a'),E(''),S()]);
x('error-skip',
  [P('','selec'),B('',''),D('P',''),E(''),C('S','x'),H(),Q('select 9'),S()], [P('','select 1/0'),B('',''),E(''),P('','select 2'),B('',''),E(''),S()],
  [P('','select 1'),B('',''),E(''),P('','select 1/0'),B('',''),E(''),S()], [P('','select 1'),B('',''),E(''),E('nosuch'),E(''),S()]);
x('err-kinds',
  [P('','select 1/(g-3) from generate_series(1,5) g'),B('',''),E(''),S()], [P('','select 1/(g-3) from generate_series(1,5) g'),B('',''),E('',2),S()],
  [P('','select $1::int'),B('','',['x']),S()], [P('pn','select $1::int'),B('pp','pn',['x']),S()], [P('','select $1::int'),B('','',[Buffer.from([1])]),S()],
  [P('','select $1::int'),B('','',[Buffer.from([0,0,0,1,2])]),S()], [P('','select $1::bool'),B('','',[Buffer.from([])]),S()],
  [P('','select $1::text'),B('','',[Buffer.from([0x61,0])]),S()], [P('','select $1::text'),B('','',[Buffer.from([0xc3])]),S()],
  [P('','select $1::text'),B('','',[Buffer.from('\xff','latin1')],[],[0]),S()], [P('','select $1::text, $2::date'),B('','',['a','2000-99-01']),S()],
  [P('','select $1::numeric'),B('','',[Buffer.from([0,1])]),S()], [P('','select $1::jsonb'),B('','',['{']),S()],
  [P('','select $1::json'),B('','',[Buffer.from('{')]),S()]);
x('tx-implicit',
  Q('create temp table t(a int unique)'), [P('','insert into t values(1)'),B('',''),E(''),P('','insert into t values(1)'),B('',''),E(''),S()], Q('select * from t'),
  [P('','insert into t values(1)'),B('',''),E(''),S(),P('','insert into t values(1)'),B('',''),E(''),S()], Q('select * from t'), [P('','begin'),B('',''),E(''),S()],
  [P('','insert into t values(2)'),B('',''),E(''),S()], [P('','selec'),S()], [P('','commit'),B('',''),E(''),S()], Q('select * from t'));
x('tx-in-pipe',
  Q('create temp table t(a int unique)'),
  [
    P('','insert into t values(1)'), B('',''), E(''), P('','begin'), B('',''), E(''), P('','insert into t values(2)'), B('',''), E(''), P('','commit'), B('',''), E(''),
    P('','select 1/0'), B('',''), E(''), S(),
  ],
  Q('select * from t'), [P('','rollback'),B('',''),E(''),S()], [P('','commit'),B('',''),E(''),S()], [P('','savepoint a'),B('',''),E(''),S()],
  [P('','insert into t values(9)'),B('',''),E(''),P('','commit'),B('',''),E(''),P('','select 1/0'),B('',''),E(''),S()], Q('select * from t'),
  [P('','vacuum'),B('',''),E(''),S()], [P('','select 1'),B('',''),E(''),P('','vacuum'),B('',''),E(''),S()],
  [P('','set local work_mem=\'3MB\''),B('',''),E(''),P('','show work_mem'),B('',''),E(''),S()],
  [P('','set transaction isolation level serializable'),B('',''),E(''),P('','show transaction_isolation'),B('',''),E(''),S()]);
x('portal',
  Q('begin'), [P('','select g from generate_series(1,5) g'),B('p',''),E('p',2),E('p',2),E('p',2),E('p',2),S()], [E('p',1),S()], [C('P','p'),S()], [E('p'),S()],
  Q('rollback'));
x('portal-exact',
  Q('begin'), [P('','select g from generate_series(1,4) g'),B('p',''),E('p',4),E('p',4),E('p',0),S()], [B('q',''),E('q',5),E('q'),S()], Q('commit'), [E('p'),S()]);
x('portal-neg',Q('begin'),[P('','select g from generate_series(1,4) g'),B('p',''),E('p',-1),S()],Q('rollback'));
x('portal-nosync-tx',
  [P('','select g from generate_series(1,4) g'),B('p',''),E('p',2),S()], [E('p',2),S()], [P('','select g from generate_series(1,4) g'),B('p',''),E('p',2),H()],
  [E('p',2),H()], [S()]);
x('portal-dml',
  Q('create temp table t(a int)'), [P('','insert into t values(1),(2),(3) returning a'),B('',''),D('P',''),E('',1),E('',1),E(''),S()], Q('select * from t'),
  [P('','insert into t values(4),(5)'),B('',''),E('',1),E('',1),S()], Q('select * from t'), [P('','update t set a=a+1 returning a'),B('',''),E('',2),S()],
  Q('select * from t'), [P('','delete from t'),B('',''),E('',1),S()], Q('begin'), [P('','select 1'),B('p',''),E('p'),E('p'),S()], Q('rollback'), Q('begin'),
  [P('','insert into t values(7)'),B('p',''),E('p'),E('p'),S()], Q('rollback'));
x('portal-utility',
  Q('begin'), [P('','show work_mem'),B('p',''),D('P','p'),E('p',1),E('p',1),S()], Q('rollback'), Q('begin'),
  [P('','explain select 1'),B('p',''),D('P','p'),E('p',1),E('p',1),S()], Q('rollback'), [P('','create temp table tt(a int)'),B('p',''),E('p',1),E('p',1),S()],
  Q('begin'), [P('','create temp table tt(a int)'),B('p',''),E('p',1),E('p',1),S()], Q('rollback'), Q('begin'), [P('','show all'),B('p',''),D('P','p'),E('p',2),S()],
  Q('rollback'));
x('portal-unnamed-replaced',
  Q('begin'), [P('','select g from generate_series(1,4) g'),B('',''),E('',2),P('','select 7'),E('',1),S()], Q('select 1'), [E('',1),S()], Q('rollback'),
  [P('','select 1'),B('',''),S()], [E(''),S()], [P('','select 1'),B('',''),Q('select 2'),E(''),S()], [P('','select 1'),Q('select 2'),B('',''),E(''),S()]);
x('close',
  [P('s','select 1'),B('p','s'),C('S','s'),E('p'),S()], [P('s','select 1'),B('p','s'),C('P','p'),E('p'),S()], [P('s','select 2'),S()], [C('S',''),S()], [B('',''),S()],
  [C('P',''),S()], [C('S','s'),D('S','s'),S()]);
x('describe-stmt',
  Q('create temp table t(a int, b varchar(10), c numeric(8,3), d timestamptz(3), e char(4), f bit(3), g int[], h interval day to second)'),
  [P('','select * from t'),D('S',''),S()], [P('','insert into t(a,b) values($1,$2)'),D('S',''),B('','',['1','x']),D('P',''),E(''),S()],
  [P('','insert into t(a,b) values($1,$2) returning *, tableoid, ctid'),D('S',''),S()], [P('','update t set a=$1 where b=$2 returning a'),D('S',''),S()],
  [P('','delete from t where c>$1'),D('S',''),S()], [P('','select count(*), sum(a), avg(c), max(b), array_agg(a), string_agg(b,\',\') from t'),D('S',''),S()],
  [P('','select a as x, t.b, t from t'),D('S',''),S()], [P('','create temp table x as select 1'),D('S',''),B('',''),D('P',''),S()],
  [P('','show work_mem'),D('S',''),S()], [P('','explain select 1'),D('S',''),S()], [P('','explain (format json) select 1'),D('S',''),S()],
  [P('','begin'),D('S',''),S()], [P('','prepare z as select 1'),D('S',''),B('',''),E(''),S()], [P('','execute z'),D('S',''),B('',''),D('P',''),E(''),S()],
  [P('','fetch c'),D('S',''),S()], [P('','values (1,\'a\'),(2,\'b\')'),D('S',''),S()], [P('','select'),D('S',''),B('',''),E(''),S()],
  [P('','with w as (select a,b from t) select * from w'),D('S',''),S()], [P('','select * from (select a from t) s join t using(a)'),D('S',''),S()],
  [P('','select a from t union select 1'),D('S',''),S()], [P('','copy t to stdout'),D('S',''),S()], [P('','table t'),D('S',''),S()],
  [P('','merge into t using t u on false when not matched then insert(a) values(1)'),D('S',''),S()],
  [P('','select nextval(\'nosuch\')'),D('S',''),S()], [P('','declare c cursor for select 1'),D('S',''),S()], [P('','select 1 as "?column?", \'\' as ""'),S()],
  [P('','select current_date, current_user, localtime, now()'),D('S',''),S()], [P('','select 1::regclass, \'a\'::name, \'x\'::"char"'),D('S',''),S()]);
x('describe-changed',
  Q('create temp table t(a int)'), [P('s','select * from t'),D('S','s'),S()], Q('alter table t add b int'), [D('S','s'),S()], [B('','s'),D('P',''),E(''),S()],
  Q('drop table t'), [D('S','s'),S()], [B('','s'),E(''),S()], Q('create temp table t(a int)'), [B('','s'),D('P',''),E(''),S()]);
x('describe-failed',
  Q('begin'), [P('s','select 1'),P('r','rollback'),P('e',''),S()], Q('selec'), [D('S','s'),S()], [B('','s'),S()], [D('S','r'),S()], [P('','select 1'),S()],
  [P('',''),B('',''),E(''),S()], [B('','e'),E(''),S()], [C('S','s'),S()], [P('','rollback'),B('',''),E(''),S()], [D('S','s'),S()]);
x('failed-portal',Q('begin'),[P('','select g from generate_series(1,3) g'),B('p',''),E('p',1),S()],Q('selec'),[E('p',1),S()],[D('P','p'),S()],Q('rollback'));
x('cancel-stmt-timeout',
  Q('set statement_timeout=\'50ms\''), Q('select pg_sleep(2)'), [P('','select pg_sleep(2)'),B('',''),E(''),S()], Q('begin'), Q('select pg_sleep(2)'), Q('select 1'),
  Q('rollback'));
x('terminate',[X()]); x('terminate-tx',Q('begin'),[X()]);
x('bad-msg',[msg('?',Buffer.from('x'))]); x('bad-msg2',[msg('T',Buffer.from('x'))]); x('bad-msg-p',[msg('p',Buffer.from('x\0'))]);
x('bad-len',
  [Buffer.concat([Buffer.from('Q'),i32(2)])]); x('bad-len0', [Buffer.concat([Buffer.from('Q'),i32(0)])]); x('bad-lenneg',
  [Buffer.concat([Buffer.from('Q'),i32(-5)])]); x('bad-len-S', [Buffer.concat([Buffer.from('S'),i32(20000)])]);x('bad-len-big',
  [Buffer.concat([Buffer.from('Q'),i32(0x7fffffff)])]);x('bad-len-D', [Buffer.concat([Buffer.from('D'),i32(40000)])]);
x('extra-bytes',[msg('S',Buffer.from('x')),S()]); x('extra-bytes-H',[msg('H',Buffer.from('x')),S()]);
x('short-msgs',
  [msg('P',Buffer.from('a')),S()], [msg('P',text('a')),S()], [msg('P',text(''),text('select 1')),S()], [msg('P',text(''),text('select 1'),i16(1)),S()],
  [msg('P',text(''),text('select 1'),i16(0),Buffer.from('xx')),S()], [msg('B',text('')),S()], [P('','select 1'),msg('B',text(''),text(''),i16(0),i16(0)),S()],
  [P('','select $1::int'),msg('B',text(''),text(''),i16(0),i16(1),i32(100),Buffer.from('1')),S()],
  [P('','select 1'),msg('B',text(''),text(''),i16(0),i16(0),i16(0),i16(9)),S()], [msg('D',Buffer.from('S')),S()], [msg('D'),S()], [msg('E',text('')),S()],
  [msg('E'),S()], [msg('C'),S()], [msg('C',Buffer.from('S')),S()], [msg('E',text(''),i32(0),i32(0)),S()], [msg('D',Buffer.from('S'),text(''),text('')),S()],
  Q('select 1'));
x('short-param-negative',[P('','select $1::text'),msg('B',text(''),text(''),i16(0),i16(1),i32(-2),i16(0)),E(''),S()]);
x('neg-counts',
  [msg('P',text(''),text('select 1'),i16(-1)),S()], [P('','select 1'),msg('B',text(''),text(''),i16(-1),i16(0),i16(0)),S()],
  [P('','select 1'),msg('B',text(''),text(''),i16(0),i16(-1),i16(0)),S()], [P('','select 1'),msg('B',text(''),text(''),i16(0),i16(0),i16(-1)),E(''),S()]);
// function call
add('function call basic',
  [F(177,[Buffer.from([0,0,0,2]),Buffer.from([0,0,0,3])],1)], [F(177,['2','3'],0)], [F(177,['2',null],0)], [F(177,['2'],0)], [F(177,['2','x'],0)], [F(0,[],0)],
  [F(999999,['1'],0)], [F(177,['2','3'],0,[0])], [F(177,['2','3'],0,[])], [F(177,['2','3'],0,[0,0,0])],
  [F(154,['1','0'],0)], [F(154,['7','2'],2)], [F(1299,[],0)].slice(1), [F(2803,['1'],0)], [F(1067,['1','3'],0)], [F(2877,['1'],0)]);
add('function call tx',
  Q('begin'), [F(177,['2','3'],0)], [F(154,['2','0'],0)], [F(177,['2','3'],0)], Q('rollback'), [F(177,['2','3'],0),Q('select 1')],
  [P('','selec'),F(177,['2','3'],0),S()]);
add('function call short',[msg('F')],[msg('F',i32(177))],[msg('F',i32(177),i16(0),i16(2),i32(1))],[msg('F',i32(177),i16(0),i16(0),i16(0),i16(0))],Q('select 1'));
// copy
cp('in',[Q('copy t from stdin')],[d('1\tx\n2\ty\n'),c()],[Q('copy t from stdin'),d('1\tx\n'),c()]);
cp('in-fail',[Q('copy t from stdin')],[d('1\tx\n'),f('reason é')],[Q('copy t from stdin')],[f('')]);
cp('in-err',
  [Q('copy t from stdin')], [d('x\ty\n'),c()], [Q('copy t from stdin')], [d('1\ty\n'),d('2\tz\tz\n'),d('3\t4\n'),c()], [Q('copy t from stdin')], [d('1\n'),c()]);
cp('in-eod',
  [Q('copy t from stdin')], [d('1\tx\n\\.\n'),c()], [Q('copy t from stdin')], [d('1\tx\n\\.\n5\ty\n'),c()], [Q('copy t from stdin')], [d('1\tx'),c()],
  [Q('copy t from stdin')], [d('1\tx\n\\.'),c()], [Q('copy t from stdin')], [d('1\tx\\.\n'),c()]);
cp('in-ext2',
  [P('','copy t from stdin'),B('',''),E(''),H()], [d('1\tx\n'),c(),S()], [P('','copy t from stdin'),B('',''),E(''),H()], [d('1\tx\n'),f('no'),S()],
  [P('','copy t from stdin'),B('',''),E(''),H()], [d('z\tx\n'),c(),S()], [P('','copy t from stdin'),B('',''),E(''),d('7\tx\n'),c(),S()]);
cp('in-ext3',
  [P('','copy t from stdin'),B('',''),E(''),H()], [d('1\tx\n'),S(),d('2\ty\n'),c(),S()], [P('','copy t from stdin'),B('',''),E(''),S(),d('1\tx\n'),c(),S()],
  [P('','copy t from stdin'),B('',''),E(''),H()], [P('','select 1'),S()]);
cp('in-wrongmsg',[Q('copy t from stdin')],[Q('select 1')],[Q('select 2')]);
cp('in-wrongmsg2',[Q('copy t from stdin')],[P('','select 1'),S()],[Q('select 2')]);
cp('in-wrongmsg3',[Q('copy t from stdin')],[msg('?',Buffer.from('x'))]);
cp('in-terminate',[Q('copy t from stdin')],[d('1\tx\n'),X()]);
cp('in-several',
  [Q('copy t from stdin; select 5; copy t from stdin; select 6')], [d('1\tx\n'),c(),d('2\ty\n'),c()], [Q('copy t from stdin; select 5')], [d('x\n'),c()]);
cp('in-flush',[Q('copy t from stdin')],[H(),S(),d('1\tx\n'),H(),c()]);
cp('in-csv',
  [Q("copy t from stdin (format csv, header)")], [d('a,b\n1,"x\ny"\n'),c()], [Q("copy t from stdin (format csv, delimiter ';', null 'N')")], [d('1;N\n2;"N"\n'),c()],
  [Q("copy t(b) from stdin (format csv)")], [d('"unterminated\n'),c()]);
cp('in-binary',
  [Q('copy t from stdin binary')],
  [d(Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0','latin1'),i32(0),i32(0),i16(2),i32(4),i32(77),i32(1),Buffer.from('q'),i16(-1)])),c()],
  [Q('copy t from stdin binary')], [d('xx'),c()], [Q('copy t from stdin binary')],
  [d(Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0','latin1'),i32(0),i32(0),i16(2),i32(3),i32(77)])),c()], [Q('copy t from stdin binary')],
  [d(Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0','latin1'),i32(0),i32(0),i16(3)])),c()]);
cp('out',
  Q("insert into t values(1,'a\tb'),(2,null),(3,E'x\\ny')"), Q('copy t to stdout'), Q('copy t to stdout (format csv, header)'), Q('copy t to stdout binary'),
  Q('copy (select 1,2 where false) to stdout'), Q('copy (select 1/(a-2) from t) to stdout'), Q('copy (select 1; select 2) to stdout'),
  Q('copy t(b) to stdout; select 1; copy t(a) to stdout'), [P('','copy t to stdout'),D('S',''),B('','',[],[1]),D('P',''),E(''),S()],
  [P('','copy t to stdout'),B('',''),E('',1),E('',1),S()], Q('copy nosuch to stdout'), Q('copy (insert into t values(9,\'n\') returning *) to stdout'),
  Q('copy (select) to stdout'));
cp('late',[d('x'),c()],[f('x')],Q('select 1'),[P('','selec'),d('x'),c(),f('y'),S()]);
cp('in-tx',Q('begin'),[Q('copy t from stdin')],[d('x\n'),c()],Q('select 1'),Q('rollback'),Q('begin'),[Q('copy t from stdin')],[f('z')],Q('commit'));
cp('in-badutf',
  [Q('copy t from stdin')], [d(Buffer.from('1\t\xff\n','latin1')),c()], [Q('copy t from stdin')], [d(Buffer.from('1\ta\0b\n','latin1')),c()],
  [Q('copy t from stdin (encoding latin1)')], [d(Buffer.from('1\t\xe9\n','latin1')),c()], Q('copy t to stdout (encoding latin1)'),
  [Q('copy t from stdin (encoding nosuch)')], [Q('copy t from stdin (encoding eucjp)')], [d('1\tx\n'),c()]);
cp('in-nocolumns',Q('create temp table z()'),[Q('copy z from stdin')],[d('\n\n'),c()],Q('copy z to stdout'),Q('select * from z'));
cp('in-bigpieces',
  [Q('copy t from stdin')], [...Array.from({length:50},(_,i)=>d(`${i}\tv${i}\n`)),c()], [Q('copy t from stdin')],
  ['9','\t','q','\\','t','z','\r','\n'].map(x=>d(x)).concat([c()]));
cp('in-wrong-table',
  Q('copy nosuch from stdin'), Q('copy t(zz) from stdin'), [Q('copy t from stdin where a>1')], [d('1\tx\n2\ty\n'),c()]);
// settings
add('settings report',
  "set application_name='a'", "set application_name='a'", "set application_name='b'; set application_name='c'; select 1", "set datestyle=german",
  "set datestyle to sql", "set datestyle to 'dmy'", "set timezone='Europe/Paris'", "set timezone=3", "set time zone local", "set time zone interval '2' hour",
  "set time zone 'UTC'", "set intervalstyle=iso_8601", "set standard_conforming_strings=off", "set standard_conforming_strings=on",
  "set default_transaction_read_only=on", "set default_transaction_read_only=off", "set client_encoding=utf8", "set client_encoding='UTF-8'", "set names 'utf8'",
  "set names", "reset datestyle", "reset all");
add('settings rollback',
  "begin; set application_name='a'; rollback", "begin", "set application_name='x'", "set datestyle=german", "rollback", "begin", "set local application_name='l'",
  "commit", "begin", "savepoint s", "set timezone='Asia/Tokyo'", "rollback to s", "set intervalstyle=sql_standard", "selec", "rollback",
  "begin; set timezone='Asia/Tokyo'; select 1/0", "rollback", "set timezone='Asia/Tokyo'; select 1/0", "set timezone='Asia/Tokyo'; set timezone='UTC'");
add('settings function',
  "select set_config('application_name','f',false)", "select set_config('application_name','g',true)",
  "select set_config('application_name','g',true), set_config('timezone','UTC',false)", "begin", "select set_config('application_name','h',true)", "commit",
  "create function pg_temp.sf() returns text language sql set datestyle=german as $$select current_setting('datestyle')$$", "select pg_temp.sf()",
  "create function pg_temp.sg() returns text language sql set application_name='infn' as $$select set_config('datestyle','sql',false)$$", "select pg_temp.sg()");
add('settings ext',
  [P('',"set application_name='a'"),B('',''),E(''),P('','select 1'),B('',''),E(''),S()],
  [P('',"set application_name='b'"),B('',''),E(''),P('','select 1/0'),B('',''),E(''),S()], [P('',"set application_name='b'"),B('',''),E(''),H()],
  [P('',"set application_name='c'"),B('',''),E(''),S()], [P('',"discard all"),B('',''),E(''),S()]);
add('settings role',
  'create role wire_r1', 'create role wire_r2 superuser', 'set role wire_r1', 'show role', 'show is_superuser',
  "select current_setting('role'), current_setting('is_superuser'), current_setting('session_authorization'), current_user, session_user", 'set role wire_r2',
  'set role none', 'set role wire_r1', 'reset role', 'set session authorization wire_r1',
  "select current_setting('role'), current_setting('is_superuser'), current_setting('session_authorization'), current_user, session_user", 'set role wire_r2',
  'set session authorization wire_r2', 'set role wire_r1', 'show is_superuser', 'reset session authorization', 'show role', 'set role wire_r1',
  'set session authorization default', 'show role', 'begin; set role wire_r1', 'rollback', 'show role', 'begin', 'set local role wire_r1', 'show role', 'commit',
  'show role', 'begin', 'set local session authorization wire_r1', 'select 1', 'commit', 'begin', 'savepoint a', 'set role wire_r1', 'rollback to a', 'show role',
  'commit', 'set role wire_r1', 'discard all', 'show role', 'set session authorization wire_r1', 'discard all', 'select session_user', 'set role wire_r1',
  'reset all', 'show role', 'set role nosuch', 'set role to \'none\'', 'set role \'wire_r1\'', 'set session authorization nosuch',
  'set session authorization wire_r1; set role wire_r1; select 1/0', 'show session_authorization', "select set_config('role','wire_r1',false)",
  'select current_user', "select set_config('role','none',true)", 'select current_user', "select set_config('session_authorization','wire_r1',false)",
  'select session_user', 'reset session authorization', 'reset role', 'set is_superuser=on', 'alter role wire_r1 superuser', 'set role wire_r1', 'reset role',
  'set role wire_r1', 'alter role wire_r1 nosuperuser', 'reset role', 'set session authorization wire_r1', 'alter role wire_r1 superuser',
  'reset session authorization', 'drop role wire_r1', 'drop role wire_r2');
add('settings role-drop','create role wire_r3','set role wire_r3','reset role','set role wire_r3; drop role wire_r3','reset role','drop role wire_r3');
add('settings errors',
  "set datestyle='x'", "set timezone='nowhere'", "set intervalstyle='x'", "set standard_conforming_strings='x'", "set client_encoding='x'", "set server_encoding='x'",
  "set server_version='x'", "set integer_datetimes=on", "set in_hot_standby=on", "set is_superuser=off", "set nosuch=1", "set a.b=1", "show a.b", "show nosuch",
  "reset nosuch", "set application_name='toolongname________________________________________________________________'", "show application_name");
add('settings ro',
  "set default_transaction_read_only=on", "begin", "create temp table q(a int)", "create table wire_q(a int)", "rollback", "set transaction_read_only=off", "begin",
  "set transaction_read_only=off", "commit", "set session characteristics as transaction read write",
  "set session characteristics as transaction read only; set default_transaction_read_only=off", "begin read only", "set transaction read write", "select 1",
  "set transaction read write", "rollback");
// notify
add('notify',
  Q('listen x'), Q('notify x'), Q("notify x, 'p é'"), Q("begin; notify x,'1'; notify x,'1'; notify x,'2'"), Q('select 1'), Q('commit'), Q("select pg_notify('x','fn')"),
  Q("select pg_notify('x','fn'); select 2"), [P('',"notify x,'ext'"),B('',''),E(''),S()], [P('',"notify x,'ext'"),B('',''),E(''),P('','select 1'),B('',''),E(''),S()],
  Q("begin; notify x; rollback"), Q("notify x,'q'; select 1/0"), Q('unlisten x'), Q('notify x'), Q("listen \"É x\"; notify \"É x\""), Q("select pg_notify('',''), 1"),
  Q("select * from pg_listening_channels()"));
// notices order
add('notices come before the row they are raised for',
  'create function pg_temp.dn() returns void language sql as $$drop table if exists nosuch1; drop table if exists nosuch2$$',
  'select pg_temp.dn()', 'select g, pg_temp.dn() from generate_series(1,3) g', 'select 1; select g, pg_temp.dn() from generate_series(1,2) g; select 2',
  [P('', 'select g, pg_temp.dn() from generate_series(1,3) g'), B('', ''), E('', 2), E('', 2), S()],
  'select g from generate_series(1,3) g where pg_temp.dn() is not null', 'select g, pg_temp.dn(), 1/(g-3) from generate_series(1,4) g',
  'copy (select g, pg_temp.dn() from generate_series(1,2) g) to stdout',
  'begin; declare c cursor for select g, pg_temp.dn() from generate_series(1,4) g; fetch 2 from c; fetch 2 from c; commit',
  'select g, pg_temp.dn() from generate_series(1,3) g limit 2', 'select count(pg_temp.dn()) from generate_series(1,2)',
  'select g, pg_advisory_unlock(g) from generate_series(1,3) g where g<>2');
// encodings, quick
for (const e of ['LATIN1', 'LATIN2', 'WIN1252', 'KOI8R', 'ISO_8859_5', 'SQL_ASCII', 'WIN866', 'iso-8859-15', 'windows-1252', 'KOI8', 'UNICODE', 'MULE_INTERNAL', 'nosuch']) {
  add(`encoding set ${e}`, `set client_encoding='${e}'`, 'show client_encoding', 'select chr(233), chr(1078)', 'reset client_encoding', 'begin', `set names '${e}'`,
    'rollback', 'show client_encoding', `begin; set local client_encoding='${e}'; commit`);
}
for (const client_encoding of ['LATIN1', 'WIN1251', 'SQL_ASCII', 'nosuch', 'utf-8', 'MULE_INTERNAL']) {
  addp(`encoding at the start ${client_encoding}`, { client_encoding }, 'show client_encoding', Q(L("select '\xe9', length('\xe9')")), 'set client_encoding=utf8',
    'reset client_encoding', 'discard all');
}
add('encoding latin1',
  "set client_encoding=latin1", Q(L("select '\xe9' as \"\xe8\", length('\xe9'), octet_length('\xe9')")), Q("select 'a' as b, chr(8364)"), Q(L("select nosuch\xe9")),
  Q(L("select 'x\xe9y', nosuch")), Q("select chr(8364) as x; select 2"), Q("select U&'\\20ac' as U&\"\\20ac\""), Q("select U&\"\\20ac\""),
  [P('',L("select $1 || '\xe9'")),B('','',[L('\xe8')],[],[0]),E(''),S()], [P('','select $1::text'),B('','',[L('\xe8')],[1]),E(''),S()],
  [P('','select $1::text, octet_length($1)'),B('','',[L('\xe8')],[0,1],[0]),E(''),S()],
  [P(L('\xe9'),'select 1'),D('S',L('\xe9')),B(L('\xe9p'),L('\xe9')),E(L('\xe9p')),S()], [B('',L('\xe8')),S()], [D('P',L('\xe8')),S()],
  Q(L("create temp table \"t\xe9\"(\"a\xe9\" text)")), Q(L("insert into \"t\xe9\" values('\xe0')")), Q(L("select * from \"t\xe9\"")),
  [Q(L("copy \"t\xe9\" from stdin"))], [d(L('\xe7\xe9\n')),c()], Q(L("copy \"t\xe9\" to stdout")), Q(L("copy \"t\xe9\" to stdout (encoding utf8)")),
  Q(L("copy \"t\xe9\" to stdout (encoding win1252)")), [Q(L("copy \"t\xe9\" from stdin (encoding utf8)"))], [d(Buffer.from('ü\n')),c()],
  Q(L("select octet_length(\"a\xe9\") from \"t\xe9\"")), Q(L("drop table if exists \"n\xe9\"")), Q(L("listen \"n\xe9\"; notify \"n\xe9\", '\xe8'")),
  Q(L("set application_name='\xe9'")), Q("insert into \"t\u00e9\" values('x')"), Q("copy (select chr(8364)) to stdout"), Q(L("set a.b='\xe9'")), Q("show a.b"),
  Q("set client_encoding=utf8"), Q("show a.b"), Q('select * from "té"'));
add('encoding win1251',
  "set client_encoding=win1251", Q(L("select '\xe6\x98'")), Q(L("select '\xe6'")), Q(L("select length('\xe6'), 'x' as \"\xe6\"")),
  [P('','select $1::text'),B('','',[L('\x98')],[],[0]),E(''),S()], [P('','select $1::text'),B('','',[L('\x98')]),E(''),S()], Q('select chr(233)'),
  Q("select 'a', chr(233) from generate_series(1,2)"), [P('',"select 'a', chr(1078)"),B('','',[],[1]),E(''),S()],
  [P('',"select g, chr(1078+g*100) from generate_series(0,3) g"),B('','',[],[1]),E(''),S()],
  [
    P('',"select array[chr(1078)], row(chr(1078)), '\"x\"'::json, '{\"a\":1}'::jsonb, chr(1078)::varchar(3), chr(1078)::bpchar, chr(1078)::name, 'a'::\"char\""),
    B('','',[],[1]), E(''), S(),
  ]);
add('encoding ascii',
  "set client_encoding=sql_ascii", Q("select 'é', length('é')"), Q(L("select '\xe9'")), [P('','select $1::text'),B('','',[L('\xe9')],[],[0]),E(''),S()],
  [P('','select $1::text'),B('','',[L('\xe9')]),E(''),S()], 'select chr(233)', 'select chr(8364)');
add('encoding bad-error-msg',
  "set client_encoding=latin1", Q("select U&'\\20ac'::int"), Q("select 'x'::int"),  Q('select U&"\\20acx"'),
  Q("select 1 as U&\"\\20acx\""),  Q('select 1'));
for (const e of ['LATIN2', 'WIN1252', 'KOI8U', 'ISO_8859_7', 'WIN874', 'WIN1258']) {
  const rows = Array.from({ length: 8 }, (_, k) => Buffer.from(Array.from({ length: 16 }, (_, i) => 128 + 16 * k + i)));
  add(`encoding bytes of ${e}`, `set client_encoding=${e}`, ...rows.map((r) => Q(Buffer.concat([L("select '"), r, L("'")]))));
}

add('more pipe-ddl',
  [
    P('','create temp table a(x int)'), B('',''), E(''), P('','insert into a values(1)'), B('',''), E(''), P('','select * from a'), D('S',''), B('',''), D('P',''),
    E(''), S(),
  ],
  [P('','insert into a select g from generate_series(2,5) g returning x'),B('',''),D('P',''),E('',2),E('',1),E('',5),E('',1),S()],
  [P('','delete from a where x>$1 returning x'),B('','',['3']),E('',1),S()], 'select * from a');
add('more named-portals',
  'begin', [P('s','select g from generate_series(1,4) g'),B('a','s'),B('b','s'),E('a',1),E('b',2),E('a',2),E('b',5),E('a',0),S()], [E('a',1),S()],
  'commit');
add('more portal-after-error',
  'begin', 'savepoint s', [P('','select g from generate_series(1,4) g'),B('p',''),E('p',1),S()], 'select 1/0', 'rollback to s', [E('p',1),S()], 'rollback');
add('more portal-before-sp',
  'begin', [P('','select g from generate_series(1,4) g'),B('p',''),E('p',1),S()], 'savepoint s', 'select 1/0', 'rollback to s', [E('p',1),S()], 'commit');
add('more commit-in-pipe',
  [P('','begin'),B('',''),E(''),P('c','select g from generate_series(1,3) g'),B('p','c'),E('p',1),P('','commit'),B('',''),E(''),E('p',1),S()], 'select 1');
add('more rollback-prepared-ddl',
  'create temp table rp(a int)', [P('r','select * from rp'),S()], 'begin; alter table rp add b int', [B('','r'),E(''),S()], 'rollback', [B('','r'),D('P',''),E(''),S()]);
add('more search-path-change',
  'create temp table sp1(a int)', [P('r','select count(*) from sp1'),S()], 'set search_path=pg_catalog', [B('','r'),E(''),S()], 'reset search_path');
add('more explain-ext',
  [P('','explain (costs off) select $1::int + 1'),D('S',''),B('','',['1']),E(''),S()], [P('','explain (costs off) select 1'),B('','',[],[1]),D('P',''),E(''),S()]);
add('more show-ext',
  [P('','show datestyle'),D('S',''),B('','',[],[1]),D('P',''),E(''),S()], [P('','show nosuch'),D('S',''),S()], [P('','set nosuch=1'),B('',''),E(''),S()]);
add('more exec-limits-1',
  [P('','select 1'),B('',''),E('',1),E('',1),S()], [P('','select 1 where false'),B('',''),E('',1),S()], [P('','values(1),(2)'),B('',''),E('',2),E('',2),S()]);
add('more cursor-ext',
  [P('','declare c cursor for select 1'),B('',''),E(''),S()], 'begin',
  [P('','declare c cursor for select g from generate_series(1,3) g'),B('',''),E(''),P('','fetch 2 from c'),D('S',''),B('','',[],[1]),D('P',''),E(''),S()],
  [P('','fetch all from c'),B('',''),E('',1),E('',1),S()], [P('','move 1 in c'),D('S',''),B('',''),E(''),S()], 'rollback');
add('more param-types-many',
  [
    P('','select $1::int2,$2::int4,$3::int8,$4::float4,$5::float8,$6::numeric,$7::text,$8::bool,$9::date,$10::timestamptz,$11::bytea,$12::jsonb,$13::int[],$14::uuid'),
    D('S',''), B('','',['1','2','3','4.5','5.5','6.6','t','t','2000-01-01','2000-01-01','\\x01','{}','{1}','a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']), D('P',''), E(''),
    S(),
  ],
  [P('','select $1::int2,$2::int4'),B('','',['1',null],[1,0]),D('P',''),E(''),S()], [P('','select $1::int2'),B('','',['99999']),E(''),S()],
  [P('','select $1::timestamptz'),B('','',['garbage']),E(''),S()]);
add('more insert-coerce',
  'create temp table ic(a int2, b varchar(3), c numeric(4,1), d date default now())',
  [P('','insert into ic values($1,$2,$3)'),D('S',''),B('','',['1','abc','1.25']),E(''),S()],
  [P('','update ic set a=$1 where b=$2'),D('S',''),B('','',['70000','x']),E(''),S()]);
add('more nulls',[P('','select $1::text is null, $1'),B('','',[null]),E(''),S()],[P('','select coalesce($1,\'x\')'),B('','',[null]),E(''),S()]);
add('more many-statements',
  Array.from({length:20},(_,i)=>[P('s'+i,`select ${i}`),B('p'+i,'s'+i),E('p'+i)]).flat().concat([S()]), Array.from({length:20},(_,i)=>C('S','s'+i)).concat([S()]),
  'select count(*) from pg_prepared_statements');
add('more pg_prepared',
  [P('a','select $1::int',[]),P('','select 2'),S()], 'select name, statement, parameter_types, from_sql from pg_prepared_statements order by 1',
  "prepare b as select 1", 'select name, statement, parameter_types, from_sql from pg_prepared_statements order by 1', 'deallocate a', [B('','a',['1']),S()],
  'discard all', 'select count(*) from pg_prepared_statements');
add('more lock-timeout',
  "set lock_timeout='10ms'", "set statement_timeout='1h'", "show statement_timeout", "set statement_timeout='-1'", "set statement_timeout='x'",
  "set statement_timeout='1 fortnight'");
add('more tx-chars',
  'begin isolation level serializable read only deferrable', 'show transaction_isolation', 'show transaction_read_only', 'commit', 'start transaction read write',
  'end', 'abort', 'begin work', 'commit work', 'begin transaction', 'rollback transaction');
add('more sp-nest',
  'begin', 'savepoint a', 'savepoint a', 'release a', 'rollback to a', 'release a', 'release a', 'rollback', 'begin', 'savepoint "É"', 'rollback to savepoint "É"',
  'release savepoint nosuch', 'commit');
add('more error-in-tx-ext','begin',[P('','select 1/0'),B('',''),E(''),S()],[P('','select 1'),S()],[P('','commit'),B('',''),E(''),S()]);
add('more semantic-errors',
  'select * from pg_class where oid', 'select sum(oid) from pg_class group by nosuch', 'select oid, count(*) from pg_class',
  'select 1 limit -1', "select 'a' + 1", "select '1' + 1", "select array[1,'a']", "select cast('x' as int)", "select now() + 1", "select ltrim(1,2,3)",
  "select (1,2) = (1,2,3)", "select * from (select 1)", "select a.b.c.d", "create table pg_catalog.x(a int)", "create temp table dup(a int, a int)",
  "select 1 from generate_series(1,2) g, generate_series(1,2) g", "with a as (select 1) select * from b", "select row_number() over (order by nosuch)",
  "alter table nosuch add a int", "truncate nosuch", "create index on nosuch(a)", "drop view nosuch", "drop role nosuch", "set role nosuch",
  "grant select on nosuch to public", "comment on table nosuch is 'x'", "vacuum nosuch", "analyze nosuch", "cluster nosuch", "reindex table nosuch",
  "lock table nosuch", "listen", "notify", "prepare x", "execute x", "copy nosuch to stdout", "explain selec", "begin isolation level nosuch", "fetch",
  "values (1),(1,2)", "select 1 union select 'a'", "select 1 union select 1,2", "select * from generate_series(1,3) as g(a,b)", "select case when 1 then 2 end",
  "select not 1", "select 1 where 1", "select distinct on (a) 1", "select max(max(1))", "select sum(1) filter (where count(*)>1)", "update nosuch set a=1",
  "delete from nosuch", "merge into nosuch using (select 1) s on true when matched then delete");
add('more privileges', "create table wire_pt(a int)", "create role wire_r5", [P('n', 'select * from wire_pt'), S()], "select * from wire_pt", "prepare z as select * from wire_pt",
  "execute z", "set role wire_r5", "select * from wire_pt", [B('', 'n'), E(''), S()], "execute z", "reset role", "execute z", [B('', 'n'), E(''), S()],
  "drop table wire_pt", "drop role wire_r5");
add('more plans of what was rolled back', "begin", "create sequence wire_sq", "select nextval('wire_sq')", "rollback", "begin", "create sequence wire_sq", "select nextval('wire_sq')",
  "rollback", "begin; create table wire_t1(a int)", "select * from wire_t1", "rollback", "begin; create table wire_t1(b text)", "select * from wire_t1", "rollback");
add('settings more custom',
  `set custom."bad-guc" = 42`, 'set custom.x = 1', 'reset custom.x', 'show custom.x', 'begin; set custom.y=1', 'rollback', 'show custom.y', 'show custom.z',
  'reset custom.z', 'show custom.z', 'set "a..b"=1', 'show "a-b.c"', "select set_config('a-b.c','1',false)", 'reset "no-such.a"', "select current_setting('custom.q')",
  "select current_setting('custom.q',true)", "set local custom.l=1", "show custom.l", "reset all", "show custom.x");
add('settings more deferrable',
  'begin; select 1; set transaction deferrable', 'rollback', 'begin; savepoint a; set transaction deferrable', 'rollback',
  'begin; savepoint a; set transaction isolation level serializable', 'rollback', 'begin read only; savepoint a; set transaction read write', 'rollback',
  'begin; savepoint a; set transaction read only; show transaction_read_only', 'rollback to a', 'show transaction_read_only', 'set transaction read only', 'release a',
  'show transaction_read_only', 'commit', 'begin deferrable', 'show transaction_deferrable', 'commit and chain', 'show transaction_deferrable', 'commit',
  'show transaction_deferrable', 'set default_transaction_deferrable=on', 'show transaction_deferrable', 'begin; show transaction_deferrable', 'commit',
  'set session characteristics as transaction not deferrable', 'show default_transaction_deferrable');
add('settings more readonly',
  'create table wire_ro1(a int)', 'create temp table wire_ro2(a int)', 'begin read only; with x as (insert into wire_ro1 values(1) returning a) select * from x',
  'rollback',
  'begin read only; with x as (insert into wire_ro2 values(1) returning a) select * from x; insert into wire_ro2 values(2); update wire_ro2 set a=3; delete from wire_ro2; truncate wire_ro2',
  'rollback', 'begin read only', 'select * from wire_ro1 for update', 'rollback', 'begin read only', [Q('copy wire_ro2 from stdin')], [d('1\n'),c()], 'rollback',
  'begin read only; copy wire_ro1 from stdin', 'rollback', 'begin read only; create temp table wire_ro3(a int)', 'rollback', 'begin read only; drop table wire_ro1',
  'rollback', 'begin read only; insert into wire_ro1 select 1', 'rollback', 'begin read only; delete from wire_ro1 using wire_ro2', 'rollback',
  'begin read only; delete from wire_ro2 using wire_ro1; prepare p as insert into wire_ro1 values(1)', 'execute p', 'rollback', 'begin read only; analyze wire_ro1',
  'rollback', 'begin read only; vacuum wire_ro1', 'rollback', 'begin read only; notify x', 'rollback', 'begin read only; listen x', 'rollback',
  'begin read only; lock table wire_ro1', 'rollback', 'begin read only; set work_mem=\'1MB\'; show work_mem', 'rollback',
  'begin read only; comment on table wire_ro1 is \'x\'', 'rollback', 'begin read only; grant select on wire_ro1 to public', 'rollback', 'drop table wire_ro1');
add('settings more units',
  'set vacuum_cost_delay=80.1', 'show vacuum_cost_delay', 'set vacuum_cost_delay=0.9', 'show vacuum_cost_delay', 'set vacuum_cost_delay=\'50us\'',
  'show vacuum_cost_delay', 'set vacuum_cost_delay=2', 'show vacuum_cost_delay', 'set statement_timeout=1500', 'show statement_timeout', 'set statement_timeout=90000',
  'show statement_timeout', 'set work_mem=\'1 XB\'', 'set statement_timeout=\'10GB\'', 'set work_mem=99999999999', 'set work_mem=\'\'', 'set seq_page_cost=\'1ms\'',
  'set work_mem=\'1.5MB\'', 'show work_mem', 'set seq_page_cost=1e1', 'show seq_page_cost', 'set effective_cache_size=\'3GB\'', 'show effective_cache_size');
add('settings more discard',
  'begin; declare c cursor with hold for select 1; commit', 'select count(*) from pg_cursors', 'discard all', 'select count(*) from pg_cursors',
  'select pg_advisory_lock(77)', 'discard all', "select count(*) from pg_locks where locktype='advisory' and pid=pg_backend_pid()");
add('cursors held, or not', 'begin; declare c cursor with hold for select g from generate_series(1,3) g', 'rollback', 'fetch c',
  'begin; declare c cursor with hold for select g from generate_series(1,3) g; fetch all from c', 'rollback', 'fetch c',
  'begin; declare c cursor with hold for select g from generate_series(1,3) g; fetch c', 'commit', [E('c', 1), S()], [E('c', 0), E('c', 0), S()], 'close c',
  [P('', 'declare c cursor with hold for select 5'), B('', ''), E(''), E('c', 0), P('', 'select 1/0'), B('', ''), S()], 'fetch c',
  'declare c cursor with hold for select 6; select 1/0', 'fetch c', 'declare c cursor with hold for select 7; fetch c', 'fetch prior from c', 'discard all', 'fetch c');

/** Binary forms of values: what goes out, and comes back in. */
const values = {
  bool:['t','f'], bytea:['\\xdead','\\x'], '"char"':['a',''], name:['nm',''], int8:['-5','9223372036854775807'], int2:['-32768'], int4:['7'], text:['té',''],
  oid:['4294967295'], tid:['(1,2)'], xid:['77'], cid:['5'], json:['{"a": 1}'], xml:['<a/>'], point:['(1,2.5)'], lseg:['[(1,2),(3,4)]'],
  path:['((1,2),(3,4))','[(1,2)]'], box:['(3,4),(1,2)'], polygon:['((1,2),(3,4),(5,6))'], line:['{1,2,3}'], cidr:['10.0.0.0/8','::1/128'], float4:['1.5','NaN'],
  float8:['-2.25','Infinity'], circle:['<(1,2),3>'], macaddr8:['01:02:03:04:05:06:07:08'], money:['$12.34'], macaddr:['01:02:03:04:05:06'],
  inet:['10.1.2.3/8','fe80::1'], bpchar:['ab '], varchar:['vé'], date:['2001-02-03','infinity','0044-03-15 BC'], time:['12:34:56.789'],
  timestamp:['2001-02-03 04:05:06','-infinity'], timestamptz:['2001-02-03 04:05:06+02'], interval:['1 year 2 mons 3 days 04:05:06.7','-1 day'], timetz:['12:34:56+02'],
  bit:['101','1'], varbit:['10101',''], numeric:['0','-123.4500','NaN','Infinity','1e20','0.00001'], uuid:['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  pg_lsn:['16/B374D848'], tsvector:["'a':1A 'b':2,3",''], tsquery:["'a' & !'b':*A"], jsonb:['{"a": [1, 2]}','"x"'], int4range:['[1,5)','empty','(,3]'],
  numrange:['[1.5,2]'], daterange:['[2001-01-01,)'], tsrange:['[2001-01-01,2002-01-01)'], int8range:['[1,2)'], int4multirange:['{[1,2),[5,6)}','{}'],
  jsonpath:['$."a"'], txid_snapshot:['10:20:10,14'], pg_snapshot:['10:20:10,14'], xid8:['99'], regclass:['pg_class'], regtype:['integer'], regproc:['now'],
  regnamespace:['pg_catalog'], 'int4[]':['{1,NULL,3}','{}','[2:3]={4,5}'], 'text[]':['{é,NULL,""}'], 'int4[][]':['{{1,2},{3,4}}'], oidvector:['1 2 3'],
  int2vector:['1 2'], 'numeric[]':['{1.5,2}'], 'date[]':['{2001-01-01}'], refcursor:['c'], aclitem:['postgres=r/postgres'], 'varchar(3)':['abc'],
  'numeric(6,2)':['1.234'], 'bit(3)':['101'], 'char(4)':['ab'], 'timestamp(0)':['2001-02-03 04:05:06.7'], 'interval day to second':['1 02:03'], 'record':[],
  'pg_node_tree':[],
};
for (const [type, list] of Object.entries(values)) {
  add(`binary results of ${type}`, ...list.flatMap((v) => [
    [P('', `select '${v.replace(/'/g, "''")}'::${type}`), D('S', ''), B('', '', [], [1]), D('P', ''), E(''), S()], [P('', `select $1::${type}`), B('', '', [v]), E(''), S()],
  ]));
}
const received = {
  int4:[i32(5),i16(1),Buffer.alloc(5),Buffer.alloc(0)], int2:[i16(3),Buffer.alloc(1)], int8:[Buffer.alloc(8,1),Buffer.alloc(7)],
  float8:[Buffer.alloc(8),Buffer.alloc(9)], bool:[Buffer.from([1]),Buffer.from([7]),Buffer.from([1,1])],
  text:[Buffer.from('x'),Buffer.from([0xc3]),Buffer.from('a\0')], name:[Buffer.from('x'.repeat(70))], date:[i32(1),i32(-2147483648),i32(2147483647),i32(2147483646)],
  time:[Buffer.alloc(8),Buffer.from('7fffffffffffffff','hex')],
  timestamp:[Buffer.alloc(8),Buffer.from('7fffffffffffffff','hex'),Buffer.from('7ffffffffffffffe','hex')],
  timetz:[Buffer.alloc(12),Buffer.from('00000000000000007fffffff','hex')], interval:[Buffer.alloc(16),Buffer.alloc(15)],
  numeric:[Buffer.from('0001000000000000000a','hex'),Buffer.from('00010000000000002710','hex'),Buffer.from('000100000001000a000a','hex'),Buffer.from('0000000012340000','hex'),Buffer.from('ffff000000000000','hex'),Buffer.from('0001','hex')],
  uuid:[Buffer.alloc(16),Buffer.alloc(3)], json:[Buffer.from('{'),Buffer.from('1')],
  jsonb:[Buffer.from('\x01{}'),Buffer.from('\x02{}'),Buffer.from('\x01{'),Buffer.alloc(0)],
  bit:[Buffer.from('00000003a0','hex'),Buffer.from('00000003bf','hex'),Buffer.from('ffffffff','hex'),Buffer.from('00000010a0','hex')],
  varbit:[Buffer.from('00000003a0','hex')],
  inet:[Buffer.from('022000040a010203','hex'),Buffer.from('092000040a010203','hex'),Buffer.from('02ff00040a010203','hex'),Buffer.from('022000030a0102','hex')],
  cidr:[Buffer.from('020801040a000000','hex'),Buffer.from('020801040a000001','hex')], macaddr:[Buffer.alloc(6)], macaddr8:[Buffer.alloc(8),Buffer.alloc(6)],
  point:[Buffer.alloc(16),Buffer.alloc(15)], path:[Buffer.concat([Buffer.from([1]),i32(0)]),Buffer.concat([Buffer.from([1]),i32(-1)])], polygon:[i32(0)],
  circle:[Buffer.from('00000000000000000000000000000000bff0000000000000','hex')], line:[Buffer.alloc(24)], box:[Buffer.alloc(32)],
  'int4[]':[Buffer.from('00000000'+'00000000'+'00000017','hex'),Buffer.from('00000001'+'00000000'+'00000017'+'00000001'+'00000001'+'00000004'+'00000007','hex'),Buffer.from('00000001'+'00000000'+'00000019'+'00000001'+'00000001'+'00000004'+'00000007','hex'),Buffer.from('00000007'+'00000000'+'00000017','hex'),Buffer.from('00000001'+'00000002'+'00000017','hex'),Buffer.from('00000001'+'00000000'+'00000017'+'00000001'+'00000001'+'00000005'+'0000000700','hex'),Buffer.from('ffffffff'+'00000000'+'00000017','hex')],
  int4range:[Buffer.from('01','hex'),Buffer.from('02'+'00000004'+'00000001'+'00000004'+'00000005','hex'),Buffer.from('02'+'00000004'+'00000005'+'00000004'+'00000001','hex'),Buffer.from('ff','hex')],
  int4multirange:[i32(0),Buffer.concat([i32(1),i32(1),Buffer.from([1])])], tsvector:[i32(0),Buffer.concat([i32(1),text('a'),i16(0)])], tsquery:[i32(0)],
  record:[i32(0)], pg_lsn:[Buffer.alloc(8)], xid8:[Buffer.alloc(8)], tid:[Buffer.alloc(6),Buffer.alloc(5)], oid:[i32(7)], regclass:[i32(1259)],
  '"char"':[Buffer.from('a'),Buffer.from('ab')], xml:[Buffer.from('<a/>'),Buffer.from('<a')], money:[Buffer.alloc(8)],
  oidvector:[Buffer.from('00000001'+'00000000'+'0000001a'+'00000001'+'00000000'+'00000004'+'00000007','hex')], 'varchar(3)':[Buffer.from('abcd')],
  'char(3)':[Buffer.from('a')], refcursor:[Buffer.from('c')], jsonpath:[Buffer.from('\x01$'),Buffer.from('\x02$')], bytea:[Buffer.from([0,255])],
  pg_snapshot:[Buffer.from('00000000'+'0000000000000001'+'0000000000000002','hex')], aclitem:[Buffer.alloc(1)], cstring:[Buffer.from('x')], void:[Buffer.alloc(0)],
  anyarray:[Buffer.alloc(4)], unknown:[Buffer.from('x')], pg_node_tree:[Buffer.from('x')],
};
for (const [type, list] of Object.entries(received)) {
  add(`binary parameters of ${type}`, ...list.flatMap((v) => [0, 1].map((format) => [P('', `select $1::${type}`), B('', '', [v], [format]), E(''), S()])));
}
