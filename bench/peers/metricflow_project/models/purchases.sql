{{ config(materialized='table') }}
select id, person, day, net_revenue from read_parquet('{{ env_var("BENCH_ORDERS") }}')
