import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareLayouts, type Layout, type Member } from '../../script/layout-compare.ts';

const NAMESPACE = 'erc7201:openledger.storage.AgentStaking';
const STAKE = 'struct AgentStakingBase.Stake';

/** A copy of the lock of AgentStaking, to be changed. */
function staking(): Layout {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'AgentStaking.json'), 'utf8'));
}

function changed(change: (members: Member[], layout: Layout) => void): Layout {
  const layout = staking();
  change(layout.namespaces[NAMESPACE], layout);
  return layout;
}

const uint = (name: string, slot: number): Member => ({ name, type: 'uint256', slot: `${slot}`, offset: 0 });

/** Members as the compiler places them when the first two share a slot and each other takes one. */
function place(members: Member[]) {
  members.forEach((member, i) => {
    member.slot = `${Math.max(0, i - 1)}`;
  });
}

describe('the storage of a deployed contract', () => {
  it('may stay as it is', () => {
    expect(compareLayouts(staking(), staking())).toEqual({ breaking: [], added: [] });
  });

  it('may get more at its end', () => {
    const layout = changed((members) => members.push(uint('next', members.length)));
    expect(compareLayouts(staking(), layout)).toEqual({
      breaking: [],
      added: [`${NAMESPACE}: next is new`],
    });
  });

  it('may get another namespace', () => {
    const layout = changed((_, l) => {
      l.namespaces['erc7201:openledger.storage.More'] = [uint('first', 0)];
    });
    expect(compareLayouts(staking(), layout).breaking).toEqual([]);
  });

  it('breaks when a member is inserted', () => {
    const layout = changed((members) => {
      members.splice(2, 0, uint('oops', 1));
      place(members);
    });
    const { breaking } = compareLayouts(staking(), layout);
    expect(breaking).toContain(`${NAMESPACE}: oops stands before what was there already`);
    expect(breaking).toContain(`${NAMESPACE}: stakes moved from slot 1, byte 0 to slot 2, byte 0`);
  });

  it('breaks when a member fills a gap between two others', () => {
    const before = changed((members) => {
      members.push({ name: 'small', type: 'uint8', slot: '20', offset: 0 }, uint('last', 21));
    });
    const layout = structuredClone(before);
    const members = layout.namespaces[NAMESPACE];
    members.splice(members.length - 1, 0, { name: 'oops', type: 'uint8', slot: '20', offset: 1 });
    expect(compareLayouts(before, layout).breaking).toEqual([
      `${NAMESPACE}: oops stands before what was there already`,
    ]);
  });

  it('breaks when a member is removed', () => {
    const layout = changed((members) => {
      members.splice(3, 1);
      place(members);
    });
    expect(compareLayouts(staking(), layout).breaking[0]).toMatch(
      /: bonds is gone, and \w+ is in its place$/,
    );
  });

  it('breaks when the last member is removed', () => {
    const layout = changed((members) => members.pop());
    expect(compareLayouts(staking(), layout).breaking).toEqual([`${NAMESPACE}: owed is gone`]);
  });

  it('breaks when a member changes its type', () => {
    const layout = changed((members) => {
      members[0].type = 'uint160';
    });
    expect(compareLayouts(staking(), layout).breaking).toEqual([
      `${NAMESPACE}: cases was of type address, and is of type uint160`,
    ]);
  });

  it('breaks when two members change places', () => {
    const layout = changed((members) => {
      [members[2], members[3]] = [members[3], members[2]];
      place(members);
    });
    expect(compareLayouts(staking(), layout).breaking).toHaveLength(2);
  });

  it('breaks when a struct inside a mapping is rearranged', () => {
    const layout = changed((_, l) => {
      const members = l.types[STAKE].members as Member[];
      members[2].offset = 20;
    });
    expect(compareLayouts(staking(), layout).breaking).toEqual([
      `${STAKE}: unbondAt moved from slot 0, byte 24 to slot 0, byte 20`,
    ]);
  });

  it('may get a longer struct inside a mapping, never inside an array', () => {
    const grow = (name: string) =>
      changed((_, l) => {
        const members = l.types[name].members as Member[];
        members.push(uint('more', 1));
        l.types[name].bytes = '64';
      });
    expect(compareLayouts(staking(), grow(STAKE)).breaking).toEqual([]);
    const checkpoint = 'struct Checkpoints.Checkpoint208';
    expect(compareLayouts(staking(), grow(checkpoint)).breaking).toEqual([
      `${checkpoint} takes 64 bytes instead of 32, and what follows it moves`,
    ]);
  });

  it('breaks when a namespace disappears', () => {
    const layout = changed((_, l) => {
      delete l.namespaces[NAMESPACE];
    });
    expect(compareLayouts(staking(), layout).breaking).toEqual([`${NAMESPACE} is gone`]);
  });

  it('breaks when a value of an enumeration moves, not when one is added', () => {
    const withEnum = (...values: string[]) =>
      changed((_, l) => {
        l.types['enum Status'] = { bytes: '1', members: values };
      });
    const before = withEnum('None', 'Open');
    expect(compareLayouts(before, withEnum('None', 'Open', 'Closed')).breaking).toEqual([]);
    expect(compareLayouts(before, withEnum('None', 'Paused', 'Open')).breaking).toEqual([
      'enum Status: value 1 was Open and is Paused',
    ]);
    expect(compareLayouts(before, withEnum('None')).breaking).toEqual([
      'enum Status: value 1 was Open and is none',
    ]);
  });

  it('is locked without a variable outside its namespace', () => {
    const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.json'));
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const layout: Layout = JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8'));
      expect(layout.storage, file).toEqual([]);
      expect(Object.keys(layout.namespaces), file).not.toEqual([]);
    }
  });
});
