# sqlite3: inserts, indexes, joins, windows, JSON, full text, transactions; the database file itself.
# native libraries
cat >q.sql <<'END'
pragma journal_mode=wal; create table t(id integer primary key, a int, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) insert into t select i, (i * 7919) % 1009, 'row' || (i % 101), i * 0.375 from n;
create index ta on t(a); create index tb on t(b, c);
select count(*), sum(a), round(avg(c), 6), min(b), max(b) from t; select b, count(*), sum(c) from t group by b order by 3 desc limit 5;
select x.id, y.id from t x join t y on x.a = y.a and x.id < y.id where x.id < 30 order by 1, 2 limit 10;
select id, row_number() over (partition by a % 3 order by c desc), sum(a) over (order by id rows 2 preceding) from t where id < 12;
select json_extract('{"a":[1,2,{"b":"x"}]}', '$.a[2].b'), json_group_array(a) from (select a from t limit 5); select sqrt(2), exp(1), printf('%.10f %08x %s', 1.0/3, 255, 'q'), hex(zeroblob(4)), abs(-9223372036854775807), 9223372036854775807 + 1, 5 / 2, 5 % -3, -5 / 2, 1e308 * 10, round(2.5), cast('12abc' as int);
create virtual table f using fts5(x); insert into f select 'the quick ' || b || ' fox ' || a from t where id < 500; select count(*) from f where f match 'row7 OR row8'; select highlight(f, 0, '[', ']') from f where f match 'row9' limit 1;
begin; update t set a = a + 1 where id % 3 = 0; savepoint s; delete from t where id > 10; rollback to s; commit; select sum(a) from t; delete from t where a between 100 and 300; vacuum; pragma integrity_check; select date('2024-02-29', '+1 year'), julianday('2000-01-01 12:00'), strftime('%W', '2024-12-31'); explain query plan select * from t where a = 5 and b > 'r'; select group_concat(name) from sqlite_master; insert into t values(1,1,1,1);
select * from nosuch;
END
sqlite3 d.db <q.sql; echo $?; sqlite3 -csv -header d.db 'select * from t limit 3'; sqlite3 d.db '.dump t' | sed 's/,[^,]*);$//' | sha256sum; sqlite3 -json d.db 'select id, b from t limit 2'; sqlite3 d.db 'pragma journal_mode=delete;vacuum'; sha256sum d.db; sqlite3 -readonly d.db 'delete from t' 2>&1; sqlite3 d.db .tables .schema; sqlite3 :memory: "select group_concat(value) from generate_series(1,10)"; echo "garbage that is no database at all" >bad.db; sqlite3 bad.db 'select 1 from x' 2>&1; echo $?
