// What --allow takes: networks in any spelling, never the world.

import test from 'ava';
import { checkedNetwork } from '../../../scripts/aws/cidr.ts';
import { parseOptions } from '../../../scripts/aws/request.ts';

test('a network is spelt by its first address, as AWS wants it', (t) => {
  for (const [written, meant] of [
    ['198.51.100.7/32', '198.51.100.7/32'],
    ['198.51.100.7/24', '198.51.100.0/24'],
    ['10.77.255.255/9', '10.0.0.0/9'],
    ['192.0.2.130/25', '192.0.2.128/25'],
    ['2001:DB8:0:0::1/48', '2001:db8::/48'],
    ['2001:db8:1:ff00::/56', '2001:db8:1:ff00::/56'],
    ['::ffff:192.0.2.1/128', '::ffff:c000:201/128'],
  ] as const) {
    t.is(checkedNetwork(written), meant);
  }
});

test('what is no network, or half the world, is refused by name', (t) => {
  for (const text of [
    '198.51.100.7',
    '198.51.100.300/24',
    '1.2.3/24',
    '1.2.3.4/33',
    '1.2.3.4/',
    '::1/129',
    'a/8',
    '1.2.3.4/24/8',
    '',
  ])
    t.throws(() => checkedNetwork(text), { message: /expected a network like 198\.51\.100\.0\/24/ }, text);
  for (const text of ['0.0.0.0/0', '10.0.0.0/7', '::/0', '2000::/3'])
    t.throws(() => checkedNetwork(text), { message: /half the world/ }, text);
});

test('one network twice is one rule: AWS refuses the second', (t) => {
  const allow = ['--allow', '198.51.100.7/24', '--allow', '198.51.100.9/24', '--allow', '2001:db8::/48'];
  t.deepEqual(parseOptions('/', allow).allow, ['198.51.100.0/24', '2001:db8::/48']);
});

test('IPv6 alone would lock everybody out: the machines have IPv4 addresses', (t) => {
  t.throws(() => parseOptions('/', ['--allow', '2001:db8::/48']), { message: /IPv4 addresses only/ });
});
