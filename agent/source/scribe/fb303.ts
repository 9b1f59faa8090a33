// The calls of fb303.FacebookService that scribe_ctrl makes: who is there, how it is, what it has counted.
//
//   string getName, getVersion, getStatusDetails; i32 getStatus; i64 aliveSince, getCounter(1: string key);
//   map<string, i64> getCounters; oneway void reinitialize, shutdown

import { FieldType, field, i32, i64, string, struct, type ThriftReader } from '../../wire/scribe/thrift.ts';

const Status = { stopping: 3, alive: 2, warning: 5 } as const;

export interface ServiceFacts {
  readonly name: string;
  readonly version: string;
  readonly status: keyof typeof Status;
  /** Why the status is what it is; empty where nothing is wrong. */
  readonly details: string;
  readonly counters: ReadonlyMap<string, number>;
  readonly aliveSinceSeconds: number;
}

/** The result of a method as a struct; null where it has another name. @throws SpillwayError `protocol` */
export function fb303Result(method: string, args: ThriftReader, facts: () => ServiceFacts): Buffer | null {
  switch (method) {
    case 'getName':
      return value(FieldType.string, string(facts().name));
    case 'getVersion':
      return value(FieldType.string, string(facts().version));
    case 'getStatus':
      return value(FieldType.i32, i32(Status[facts().status]));
    case 'getStatusDetails':
      return value(FieldType.string, string(facts().details));
    case 'getCounters':
      return value(FieldType.map, counters(facts().counters));
    case 'getCounter':
      return value(FieldType.i64, i64(facts().counters.get(firstString(args)) ?? 0));
    case 'aliveSince':
      return value(FieldType.i64, i64(facts().aliveSinceSeconds));
    default:
      return null;
  }
}

function value(type: number, bytes: Buffer): Buffer {
  return struct(field(type, 0, bytes));
}

function counters(all: ReadonlyMap<string, number>): Buffer {
  const pairs = [...all].flatMap(([name, count]) => [string(name), i64(count)]);
  return Buffer.concat([Buffer.from([FieldType.string, FieldType.i64]), i32(all.size), ...pairs]);
}

/** Field 1 of the arguments; empty where it is not there. */
function firstString(args: ThriftReader): string {
  for (let type = args.i8(); type !== FieldType.stop; type = args.i8()) {
    if (args.i16() === 1 && type === FieldType.string) {
      const length = args.string();
      return args.bytes.toString('utf8', args.at - length, args.at);
    }
    args.skip(type);
  }
  return '';
}
