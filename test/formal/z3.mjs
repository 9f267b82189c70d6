// z3 as the npm package ships it (WebAssembly): node test/formal/z3.mjs <file.smt2>, or --version.
import { readFileSync } from 'node:fs';
import { init } from 'z3-solver';

const { Z3 } = await init();
if (process.argv[2] === '--version') {
  console.log(`${Z3.get_full_version()} (npm)`);
} else {
  const context = Z3.mk_context(Z3.mk_config());
  console.log(await Z3.eval_smtlib2_string(context, readFileSync(process.argv[2], 'utf8')));
}
process.exit(0); // Its threads would keep the process alive.
