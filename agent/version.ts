// The version this agent says it is, from package.json.

import packageJson from '../package.json' with { type: 'json' };

export const VERSION: string = packageJson.version;
