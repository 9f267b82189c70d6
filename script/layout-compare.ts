// What an upgrade may do to storage: append. Compares the locked layout of a contract with the current one.

export type Member = { name: string; type: string; slot: string; offset: number };
export type StoredType = { bytes: string; members: Member[] | string[] };
export type Layout = {
  /** State variables outside any namespace. */
  storage: Member[];
  /** Members of the struct of each ERC-7201 namespace, those of libraries too. */
  namespaces: Record<string, Member[]>;
  /** Structs and enumerations that these members reach, by their Solidity name. */
  types: Record<string, StoredType>;
};
export type Differences = {
  /** What would make deployed state unreadable. */
  breaking: string[];
  /** What is new and leaves the rest where it is. */
  added: string[];
};

export function compareLayouts(locked: Layout, current: Layout): Differences {
  const found: Differences = { breaking: [], added: [] };
  compareMembers('storage', locked.storage, current.storage, found);
  for (const name of names(locked.namespaces, current.namespaces)) {
    const before = locked.namespaces[name];
    const now = current.namespaces[name];
    if (before === undefined) found.added.push(`${name} is a new namespace`);
    else if (now === undefined) found.breaking.push(`${name} is gone`);
    else compareMembers(name, before, now, found);
  }
  for (const name of names(locked.types, current.types)) {
    const before = locked.types[name];
    const now = current.types[name];
    // Where the type of a member changes, the member says so.
    if (before === undefined || now === undefined) continue;
    const isEnum = before.members.some((m) => typeof m === 'string');
    if (isEnum) compareNames(name, before.members as string[], now.members as string[], found);
    else compareMembers(name, before.members as Member[], now.members as Member[], found);
    if (before.bytes !== now.bytes && isInline(name, locked))
      found.breaking.push(
        `${name} takes ${now.bytes} bytes instead of ${before.bytes}, and what follows it moves`,
      );
  }
  return found;
}

function names(...records: Record<string, unknown>[]): string[] {
  return [...new Set(records.flatMap(Object.keys))].sort();
}

function compareMembers(where: string, before: Member[], now: Member[], found: Differences) {
  for (const [i, old] of before.entries()) {
    const member = now.find((m) => m.name === old.name);
    if (member === undefined) {
      const there = now[i] === undefined ? 'is gone' : `is gone, and ${now[i].name} is in its place`;
      found.breaking.push(`${where}: ${old.name} ${there}`);
    } else if (member.type !== old.type)
      found.breaking.push(`${where}: ${old.name} was of type ${old.type}, and is of type ${member.type}`);
    else if (member.slot !== old.slot || member.offset !== old.offset)
      found.breaking.push(
        `${where}: ${old.name} moved from slot ${old.slot}, byte ${old.offset} to slot ${member.slot}, byte ${member.offset}`,
      );
  }
  for (const [i, member] of now.entries()) {
    if (before.some((m) => m.name === member.name)) continue;
    if (i < before.length)
      found.breaking.push(`${where}: ${member.name} stands before what was there already`);
    else found.added.push(`${where}: ${member.name} is new`);
  }
}

function compareNames(where: string, before: string[], now: string[], found: Differences) {
  for (const [i, name] of before.entries())
    if (now[i] !== name) found.breaking.push(`${where}: value ${i} was ${name} and is ${now[i] ?? 'none'}`);
  for (const name of now.slice(before.length)) found.added.push(`${where}: ${name} is new`);
}

/** Whether something holds the type without a mapping in between, where its size decides what comes next. */
function isInline(type: string, layout: Layout): boolean {
  const structs = Object.values(layout.types).flatMap((t): (Member | string)[] => t.members);
  const members = [...layout.storage, ...Object.values(layout.namespaces).flat(), ...structs];
  return members.some((m) => {
    if (typeof m === 'string') return false;
    // The value of a mapping has a place of its own; an array's elements, also there, stand side by side.
    const value = m.type.replace(/^(mapping\([^=]*=> )+/, '');
    const bare = value.replace(/\)+$/, '');
    return bare.startsWith(`${type}[`) || m.type === type;
  });
}
