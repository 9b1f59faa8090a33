import { join } from 'node:path';
import test from 'ava';
import { findViolations } from '../../scripts/check-directions.ts';
import { Checkout } from './checkout.ts';

test('every broken direction is found, in all ways to import', (t) => {
  const checkout = new Checkout(t);
  checkout.write('agent/log/a.ts', "import { x } from '../../bench/result.ts';\n");
  checkout.write('agent/source/b.ts', "import type {\n  X,\n} from '../../test/x.ts';\n");
  checkout.write(
    'agent/wire/c.ts',
    "export * from '../log/log.ts';\nconst y = await import('../sink/y.ts');\n",
  );
  checkout.write('bench/d.ts', "import '../agent/main.ts';\n");
  checkout.write(
    'bench/verifier/e.ts',
    "import { x } from '../../agent/bytes.ts';\nimport type { T } from '../tools/tool.ts';\n",
  );
  checkout.write('bench/run/f.ts', "const { Etcd3 } = await import('etcd3');\n");
  checkout.write('scripts/g.ts', "import { Instance } from '@cdktf/provider-aws/lib/instance/index.js';\n");
  t.deepEqual(
    findViolations(checkout.root).map(({ file, imported }) => `${file} <- ${imported}`),
    [
      'agent/log/a.ts <- bench/result.ts',
      'agent/source/b.ts <- test/x.ts',
      'agent/wire/c.ts <- agent/log/log.ts',
      'agent/wire/c.ts <- agent/sink/y.ts',
      'bench/d.ts <- agent/main.ts',
      'bench/run/f.ts <- etcd3',
      'bench/verifier/e.ts <- agent/bytes.ts',
      'bench/verifier/e.ts <- bench/tools/tool.ts',
      'scripts/g.ts <- @cdktf/provider-aws/lib/instance/index.js',
    ],
  );
});

test('what is allowed stays allowed: a tool that is called agent, the registry, tests', (t) => {
  const checkout = new Checkout(t);
  checkout.write('bench/tools/registry.ts', "import { agent } from './agent/agent.ts';\n");
  checkout.write('agent/registry/etcd.ts', "import { Etcd3 } from 'etcd3';\n");
  checkout.write(
    'test/flow/chain.test.ts',
    "import '../../agent/main.ts';\nimport '../../bench/result.ts';\nimport 'etcd3';\n",
  );
  checkout.write('infra/stack.ts', "import { Construct } from 'constructs';\n");
  t.deepEqual(findViolations(checkout.root), []);
});

test('this project keeps its directions', (t) => {
  t.deepEqual(findViolations(join(import.meta.dirname, '../..')), []);
});
