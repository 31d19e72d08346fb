/** The backend's messages of protocol 3, for `execProtocol`. */
import type { ReportFields } from './errors.js';

export type BackendMessage =
  | { name: 'error' | 'notice'; length: number; fields: ReportFields }
  | { name: 'rowDescription'; length: number; fields: { name: string; tableID: number; columnID: number; dataTypeID: number; dataTypeSize: number; dataTypeModifier: number; format: number }[] }
  | { name: 'parameterDescription'; length: number; dataTypeIDs: number[] }
  | { name: 'dataRow'; length: number; fields: (string | null)[] }
  | { name: 'commandComplete'; length: number; text: string }
  | { name: 'readyForQuery'; length: number; status: string }
  | { name: 'parameterStatus'; length: number; parameterName: string; parameterValue: string }
  | { name: 'backendKeyData'; length: number; processID: number; secretKey: number }
  | { name: 'notification'; length: number; processId: number; channel: string; payload: string }
  | { name: 'authentication'; length: number; kind: number }
  | { name: 'copyData'; length: number; chunk: Uint8Array }
  | { name: 'parseComplete' | 'bindComplete' | 'closeComplete' | 'noData' | 'portalSuspended' | 'emptyQuery' | 'copyDone' | 'copyIn' | 'copyOut' | 'unknown'; length: number };

const EMPTY: Readonly<Record<string, 'parseComplete'>> = {
  1: 'parseComplete', 2: 'bindComplete', 3: 'closeComplete', n: 'noData', s: 'portalSuspended', I: 'emptyQuery', c: 'copyDone', G: 'copyIn', H: 'copyOut',
} as unknown as Readonly<Record<string, 'parseComplete'>>;

const REPORT: Readonly<Record<string, string>> = {
  S: 'severity', C: 'code', M: 'message', D: 'detail', H: 'hint', P: 'position', p: 'internalPosition', q: 'internalQuery', W: 'where',
  s: 'schema', t: 'table', c: 'column', d: 'dataType', n: 'constraint',
};

const decoder = new TextDecoder();

/** All messages of an answer. */
export function parseMessages(data: Uint8Array): BackendMessage[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const out: BackendMessage[] = [];
  let at = 0;
  while (at + 5 <= data.length) {
    const type = String.fromCharCode(data[at]);
    const length = view.getInt32(at + 1);
    const end = at + 1 + length;
    let p = at + 5;
    const i16 = (): number => ((p += 2), view.getInt16(p - 2));
    const i32 = (): number => ((p += 4), view.getInt32(p - 4));
    const u32 = (): number => ((p += 4), view.getUint32(p - 4));
    const cstring = (): string => {
      const zero = data.indexOf(0, p);
      const s = decoder.decode(data.subarray(p, zero));
      p = zero + 1;
      return s;
    };
    switch (type) {
      case 'E': case 'N': {
        const fields: Record<string, unknown> = { severity: 'ERROR', code: 'XX000', message: '' };
        while (p < end && data[p] !== 0) {
          const key = REPORT[String.fromCharCode(data[p++])];
          const text = cstring();
          if (key !== undefined) fields[key] = key === 'position' || key === 'internalPosition' ? Number(text) : text;
        }
        out.push({ name: type === 'E' ? 'error' : 'notice', length, fields: fields as unknown as ReportFields });
        break;
      }
      case 'T':
        out.push({
          name: 'rowDescription', length,
          fields: Array.from({ length: i16() }, () => ({
            name: cstring(), tableID: u32(), columnID: i16(), dataTypeID: u32(), dataTypeSize: i16(), dataTypeModifier: i32(), format: i16(),
          })),
        });
        break;
      case 't': out.push({ name: 'parameterDescription', length, dataTypeIDs: Array.from({ length: i16() }, u32) }); break;
      case 'D':
        out.push({
          name: 'dataRow', length,
          fields: Array.from({ length: i16() }, () => {
            const n = i32();
            if (n < 0) return null;
            p += n;
            return decoder.decode(data.subarray(p - n, p));
          }),
        });
        break;
      case 'C': out.push({ name: 'commandComplete', length, text: cstring() }); break;
      case 'Z': out.push({ name: 'readyForQuery', length, status: String.fromCharCode(data[p]) }); break;
      case 'S': out.push({ name: 'parameterStatus', length, parameterName: cstring(), parameterValue: cstring() }); break;
      case 'K': out.push({ name: 'backendKeyData', length, processID: i32(), secretKey: i32() }); break;
      case 'A': out.push({ name: 'notification', length, processId: i32(), channel: cstring(), payload: cstring() }); break;
      case 'R': out.push({ name: 'authentication', length, kind: i32() }); break;
      case 'd': out.push({ name: 'copyData', length, chunk: data.slice(p, end) }); break;
      default: out.push({ name: EMPTY[type] ?? 'unknown', length } as BackendMessage);
    }
    at = end;
  }
  return out;
}
