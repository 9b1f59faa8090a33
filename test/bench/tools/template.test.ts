import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { renderTemplate } from '../../../bench/tools/template.ts';
import { toolNode } from './node.ts';

test('placeholders are replaced, all of them', async (t) => {
  const file = join(toolNode(t).confDir, 'x.conf');
  writeFileSync(file, 'listen {{host}}:{{port}} # {{host}}\n');
  t.is(await renderTemplate(file, { host: 'h', port: 1 }), 'listen h:1 # h\n');
});

test('a placeholder that nobody fills and one that is missing are both errors', async (t) => {
  const file = join(toolNode(t).confDir, 'x.conf');
  writeFileSync(file, 'listen {{hots}}\n');
  await t.throwsAsync(renderTemplate(file, { host: 'h' }), { message: /unknown placeholder \{\{hots\}\}/ });
  writeFileSync(file, 'listen {{host}}\n');
  await t.throwsAsync(renderTemplate(file, { host: 'h', port: 1 }), { message: /\{\{port\}\} is missing/ });
});

test('a missing template is named', async (t) => {
  await t.throwsAsync(renderTemplate('/no/such/x.conf', {}), {
    message: /cannot read the template \/no\/such/,
  });
});
