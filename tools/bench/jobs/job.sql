create table t(id integer primary key, a int, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 400000)
insert into t select i, (i * 7919) % 100003, 'row' || (i % 1009), i * 0.37 from n;
create index ta on t(a);
create index tb on t(b, c);
select count(*), sum(a), avg(c), min(b), max(b) from t;
select b, count(*), sum(c) from t group by b order by 3 desc limit 5;
select count(*) from t x join t y on x.a = y.id where y.b like 'row7%';
select sum(x) from (select row_number() over (partition by b order by c desc) as x from t);
update t set c = c * 1.5 where a % 3 = 0;
select substr(b, 1, 4) as p, count(distinct a) from t group by p order by p;
delete from t where a between 1000 and 20000;
select count(*), total(c) from t;
