{{ config(materialized='table') }}
select unnest(generate_series(min(day), max(day), interval 1 day))::date as date_day from {{ ref('purchases') }}
