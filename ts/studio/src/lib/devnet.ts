import { type Address, bytesToHex, type Hex } from 'viem';
import { type LocalAccount, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts';

/** The development mnemonic that every Ethereum tool knows. Its accounts hold play money, on chain 31337 only. */
const MNEMONIC = 'test test test test test test test test test test test junk';

/** Who is who on the devnet. The index is the account's place under the mnemonic. */
export const DEVNET_ROLES = [
  { index: 11, name: 'Builder', about: 'trains and publishes adapters' },
  { index: 12, name: 'Consumer', about: 'asks and pays' },
  ...Array.from({ length: 9 }, (_, i) => ({
    index: i + 2,
    name: `Contributor ${i + 1}`,
    about: 'owns contributions',
  })),
] as const;

const OTHER_NAMES: Record<number, string> = {
  0: 'Deployer',
  1: 'Curator',
  13: 'Node operator',
  14: 'Voter',
  15: 'Liar',
  16: 'Watcher',
  17: 'Staker',
  18: 'Guardian',
  19: 'Spare',
};

let folder: ReturnType<ReturnType<typeof mnemonicToAccount>['getHdKey']> | undefined;

/** A devnet account. The slow part, from the mnemonic to the folder of keys, is done once. */
export function devnetAccount(index: number): LocalAccount {
  folder ??= mnemonicToAccount(MNEMONIC, { path: "m/44'/60'/0'/0" }).getHdKey();
  return privateKeyToAccount(bytesToHex(folder.deriveChild(index).privateKey!) as Hex);
}

let names: Map<string, string> | undefined;

/** What a devnet account is for, by its address; undefined for anybody else. */
export function devnetName(address: Address): string | undefined {
  if (names === undefined) {
    names = new Map(
      DEVNET_ROLES.map(({ index, name }) => [devnetAccount(index).address.toLowerCase(), name]),
    );
    for (const [index, name] of Object.entries(OTHER_NAMES)) {
      names.set(devnetAccount(Number(index)).address.toLowerCase(), name);
    }
  }
  return names.get(address.toLowerCase());
}
