create table item (id integer primary key, name text, price integer);
create table sale (item integer, amount integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 6000)
    insert into item select i, 'name ' || (i * 7919 % 6000), i * 31 % 1000 from n;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 15000)
    insert into sale select i * 6007 % 6000 + 1, i % 9 from n;
create index by_name on item (name);
create index by_item on sale (item);
select count(*), sum(price * amount) from item join sale on sale.item = item.id;
select price / 100, count(*), max(name) from item group by 1 order by 2 desc, 1 limit 5;
update item set price = price + 1 where name like '%99%';
select sum(price) from item where name > 'name 3';
select name from item order by name desc limit 3;
