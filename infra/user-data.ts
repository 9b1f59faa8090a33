// The first thing an instance reads, whole: the user's public key, its name, and when it ends itself. Nothing secret,
// nothing fetched: everything else comes over ssh, as to any other machine (scripts/hosts/bootstrap.sh).

import { stringify } from 'yaml';
import type { MachineSettings, RigSettings } from './settings.ts';

/** Not `spillway-...`: those units are the chain's, and go with it. */
const UNIT = 'expire-instance';

export function userDataOf({ publicKey, expires }: RigSettings, { id }: MachineSettings): string {
  const document = {
    hostname: id,
    ssh_authorized_keys: [publicKey],
    disable_root: true,
    ssh_pwauth: false,
    write_files: [
      unitFile(`${UNIT}.timer`, [
        '[Unit]',
        'Description=The end of this instance: a forgotten rig must not cost for long',
        '[Timer]',
        `OnCalendar=${calendar(expires)}`,
        // A moment that is past never comes: a machine that is made, started or told the time after it ends by these.
        'OnCalendar=*:0/5',
        'AccuracySec=1min',
        '[Install]',
        'WantedBy=timers.target',
      ]),
      unitFile(`${UNIT}.service`, [
        '[Unit]',
        'Description=Ends this instance (its shutdown behaviour is to terminate)',
        '[Service]',
        'Type=oneshot',
        // systemd takes $ and % for itself: doubled they are the shell's.
        `ExecStart=/bin/sh -c 'test "$$(date +%%s)" -lt ${Math.floor(expires.getTime() / 1000)} || systemctl poweroff'`,
      ]),
    ],
    runcmd: [
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', `${UNIT}.timer`],
    ],
  };
  return `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
}

function unitFile(name: string, lines: readonly string[]): object {
  return {
    path: `/etc/systemd/system/${name}`,
    owner: 'root:root',
    permissions: '0644',
    content: `${lines.join('\n')}\n`,
  };
}

/** 2026-11-21 23:17:00 UTC */
function calendar(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
