# limit: 300
# PostgreSQL: a new cluster, the single-user mode, a server and its processes over a socket. It refuses
# to run as root.
command -v setpriv >/dev/null && setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null || { echo "no other user to be" >&2; exit 77; }
bin=/usr/lib/postgresql/15/bin
user() { setpriv --reuid=65534 --regid=65534 --clear-groups env "PATH=$bin:$PATH" "HOME=$work" "$@"; }
work=$(mktemp -d /tmp/pg.XXXXXX); trap 'rm -rf "$work"' EXIT; chmod 777 "$work"; cd "$work" || exit 1
user postgres --version; user initdb -D data -U me --no-sync --no-instructions --locale=C.UTF-8 >init.out 2>init.err; echo "initdb $?"; cat init.err
sed -n 's/^\(creating\|performing\|running\).*\.\.\. /\1 /p' init.out
cat >single.sql <<'SQL'
create table t (id int primary key, name text, value numeric(12, 4))
insert into t select i, 'name' || i % 37, i * 7919 % 10007 / 13.0 from generate_series(1, 3000) i
select count(*), sum(value), min(name), max(name) from t
select upper('straße'), '{"a": [1, 2, {"b": 3}]}'::jsonb #>> '{a,2,b}', regexp_replace('a1b22', '[0-9]+', '#', 'g'), md5('x')
SQL
user postgres --single -D data postgres <single.sql 2>&1 | grep -v '^PostgreSQL\|LOG'
user pg_ctl -D data -o "-k $work -c listen_addresses='' -c fsync=off" -l log -w start >start.out 2>&1; echo "start $?"
sql() { user psql -h "$work" -U me -X -q -v ON_ERROR_STOP=1 postgres "$@"; }
sql <<'SQL'
select pg_jit_available(); select name, count(*), round(avg(value), 3) from t group by name order by 1 limit 5;
create index on t (value); analyze t;
create function fact(n int) returns numeric language plpgsql as $$ declare r numeric := 1; begin for i in 1..n loop r := r * i; end loop; return r; end $$;
select fact(30), fact(5) / 7;
with recursive f(a, b) as (select 0::numeric, 1::numeric union all select b, a + b from f where b < 1e20) select max(a) from f;
select id, value, rank() over (partition by name order by value desc, id) from t where id % 500 = 0 order by id;
select sqrt(2::float8), exp(1), 1e308 * 10 / 1e10 is null as never from (select 1) x where false;
select date '2024-02-29' + interval '1 year', to_char(timestamp '2024-01-15 13:14:15', 'Day DD Month YYYY HH12:MI:SS am'), extract(epoch from interval '3 days 4 hours');
select string_agg(word, ' ' order by word) from regexp_split_to_table('the quick brown fox', ' ') word; select to_tsvector('english', 'running dogs ran') @@ to_tsquery('dog & run');
begin; delete from t where id > 10; rollback; select count(*) from t; do $$ begin perform 1 / 0; exception when division_by_zero then raise notice 'caught'; end $$;
copy (select id, name from t where id < 4) to stdout with (format csv);
set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; select sum(value), count(distinct name) from t; explain (costs off) select sum(value) from t;
set jit = on; set jit_above_cost = 0; select sum(value * 2 + id) from t where id % 3 = 1;
SQL
echo "psql $?"; sql -c 'select 1 / 0' 2>&1; sql -c 'select * from nothing' 2>&1
sql -c 'listen news; notify news' | sed 's/PID [0-9]*/PID/'; for i in 1 2 3 4; do sql -c "insert into t select 10000 * $i + i, 'p', i from generate_series(1, 500) i" & done; wait; sql -Atc 'select count(*), sum(id) from t'
user pgbench -h "$work" -U me -i -q -s 1 postgres >bench.out 2>&1; echo "pgbench -i $?"; user pgbench -h "$work" -U me -n -c 4 -j 2 -t 50 postgres 2>&1 | grep -E 'processed|failed'
sql -Atc 'select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history), count(*) from pgbench_history'
user pg_dump -h "$work" -U me -t t postgres | grep -v '^--\|^$\|restrict' | sort | sha256sum
sql -c 'checkpoint'; user pg_ctl -D data -m fast -w stop >stop.out 2>&1; echo "stop $?"; user pg_controldata data | grep 'cluster state'; grep -E 'FATAL|PANIC|crash|terminated' log; echo finished
