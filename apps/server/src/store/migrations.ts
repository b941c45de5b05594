/**
 * The tables of the store, one migration after the other. A migration that has been released is never changed: a database
 * remembers by name which it has had.
 *
 * What the object model forbids is forbidden by the database itself (CD4), whoever writes to it:
 * every reference is a row, and a row of a place or a person may stand once.
 */
import { type Kysely, type Migration, type MigrationProvider, sql } from 'kysely';

/** Names of constraints, by which `violation.ts` tells what was violated. */
export const CONSTRAINTS = {
  target: 'config_reference_target',
  kind: 'config_reference_kind',
  once: 'config_reference_once',
  placeOfDN: 'config_place_of_dn',
  personOfLogin: 'config_person_of_login',
  loginAtSwitch: 'config_login_at_switch',
} as const;

/** Statements that are run one after the other, as they stand. */
function statements(...texts: readonly string[]): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const text of texts) await sql.raw(text).execute(db);
    },
  };
}

const objects = [
  // The name in the body and the key by which others refer to it are one.
  `create table config_object (
    key text primary key,
    body jsonb not null,
    epoch integer not null,
    number integer not null,
    constraint config_object_key check (key = (body->>'objectType') || '/' ||
      coalesce(body->>'name', coalesce(body->>'number', body->>'code') || '@' || (body->>'switch')))
  )`,
  // `scope` is the Switch of an Agent Login. A reference is looked at when the entry is whole: an entry may make both ends.
  `create table config_reference (
    from_key text not null,
    kind text not null,
    to_key text not null,
    scope text,
    constraint ${CONSTRAINTS.once} primary key (from_key, kind, to_key),
    constraint ${CONSTRAINTS.target} foreign key (to_key) references config_object (key)
      deferrable initially deferred
  )`,
  'create index config_reference_to on config_reference (to_key)',
  `create unique index ${CONSTRAINTS.placeOfDN} on config_reference (to_key) where kind = 'Place.dns'`,
  `create unique index ${CONSTRAINTS.personOfLogin} on config_reference (to_key) where kind = 'Person.agentLogins'`,
  `create unique index ${CONSTRAINTS.loginAtSwitch} on config_reference (from_key, scope) where kind = 'Person.agentLogins'`,
] as const;

/** CF3 and CF4: of which type a DN has to be, where its key alone does not say. */
const kinds = [
  `create function config_kind_is_wrong(kind text, dn_type text) returns boolean immutable language sql as $$
    select case kind
      when 'Place.dns' then dn_type not in ('Extension', 'CallProcessingPort')
      when 'AgentGroup.originationDNs' then dn_type not in ('ACDQueue', 'RoutingPoint')
      when 'DN.overflow-dn' then dn_type = 'Trunk'
      when 'DN.route-to' then dn_type = 'Trunk'
      else false end $$`,
  `create function config_check_kind() returns trigger language plpgsql as $$
    declare wrong record;
    begin
      select r.kind, r.to_key, o.body->>'type' as dn_type into wrong
        from config_reference r join config_object o on o.key = r.to_key
        where r.to_key = case tg_table_name when 'config_object' then to_jsonb(new)->>'key' else to_jsonb(new)->>'to_key' end
          and config_kind_is_wrong(r.kind, o.body->>'type') limit 1;
      if found then
        raise exception 'a DN of type % cannot be there', wrong.dn_type
          using errcode = 'check_violation', constraint = '${CONSTRAINTS.kind}',
            detail = format('(to_key, kind)=(%s, %s)', wrong.to_key, wrong.kind);
      end if;
      return null;
    end $$`,
  `create constraint trigger ${CONSTRAINTS.kind} after insert on config_reference deferrable initially deferred
    for each row when (new.kind in ('Place.dns', 'AgentGroup.originationDNs', 'DN.overflow-dn', 'DN.route-to'))
    execute function config_check_kind()`,
  `create constraint trigger config_object_kind after update on config_object deferrable initially deferred
    for each row when (old.body->>'type' is distinct from new.body->>'type')
    execute function config_check_kind()`,
] as const;

const log = [
  // The last entry's revision and hash stand here too: a log whose end was cut off is seen (CD7). The timeline is that of
  // the claim.
  `create table config_writer (
    only_row boolean primary key default true check (only_row),
    epoch integer not null,
    holder text,
    seen_at timestamptz,
    timeline integer not null,
    head_epoch integer not null,
    head_number integer not null,
    head_hash text not null
  )`,
  `insert into config_writer (epoch, timeline, head_epoch, head_number, head_hash) values (0, 0, 0, 0, '')`,
  `create table config_entry (
    number integer primary key,
    epoch integer not null,
    id text not null unique,
    at double precision not null,
    who text not null,
    came_from text not null,
    note text,
    change_count integer not null,
    previous_hash text not null,
    hash text not null
  )`,
  'create index config_entry_at on config_entry (at, number)',
  'create index config_entry_who on config_entry (who, number)',
  `create table config_change (
    number integer not null,
    position integer not null,
    key text not null,
    before jsonb,
    after jsonb,
    primary key (number, position)
  )`,
  'create index config_change_key on config_change (key, number)',
  `create function config_append_only() returns trigger language plpgsql as $$
    begin
      raise exception 'the log of the configuration is only ever added to' using errcode = 'insufficient_privilege';
    end $$`,
  ...['config_entry', 'config_change'].map(
    (table) => `create trigger append_only before update or delete or truncate on ${table}
      for each statement execute function config_append_only()`,
  ),
] as const;

/** CW3: what was edited at sites that were cut off, which entry has brought it in, and what that has left open. */
const branches = [
  `create table config_branch (
    id text primary key,
    place bigint generated always as identity,
    base_epoch integer not null,
    base_number integer not null,
    held_by text not null,
    handed_at double precision not null
  )`,
  `create table config_branch_entry (
    branch text not null references config_branch (id),
    position integer not null,
    body jsonb not null,
    primary key (branch, position)
  )`,
  'alter table config_entry add column merges text, add column merged_entries integer, add column resolves text',
  'create unique index config_entry_merges on config_entry (merges, merged_entries) where merges is not null',
  'create unique index config_entry_resolves on config_entry (resolves) where resolves is not null',
  `create table config_conflict (
    id text primary key,
    number integer not null,
    position integer not null,
    kind text not null,
    body jsonb not null
  )`,
  'create index config_conflict_number on config_conflict (number, position)',
  ...['config_branch', 'config_branch_entry', 'config_conflict'].map(
    (table) => `create trigger append_only before update or delete or truncate on ${table}
      for each statement execute function config_append_only()`,
  ),
] as const;

export const migrations: MigrationProvider = {
  getMigrations: async () => ({
    '0001-objects-and-log': statements(...objects, ...kinds, ...log),
    '0002-branches': statements(...branches),
  }),
};
