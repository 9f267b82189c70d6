// Fails when the generated TypeScript no longer matches the contracts.
process.argv.push('--check');
await import('./codegen.mjs');
