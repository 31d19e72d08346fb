/** The DNS rules of the engine's WebAssembly: record types, zone files. No SQL. */
import type { Database } from './database.js';

/** One thing wrong with a record or a zone file. */
export interface DnsProblem {
  severity: 'error' | 'warning' | 'info';
  message: string;
  /** The part of the record it is about, or '' for all of it. */
  field?: 'name' | 'type' | 'ttl' | 'prio' | 'content' | '';
  /** In a zone file: 1-based line. */
  line?: number;
  /** 1-based character in that line, or in the content of a record. */
  column?: number;
  /** In a zone: index of the record; absent when it is about the zone. */
  record?: number;
}

/** A record as the gpgsql tables hold it: absolute names without trailing dot, the priority apart. */
export interface DnsRecord {
  name: string;
  type: string;
  content: string;
  ttl: number | null;
  prio: number | null;
  disabled?: boolean;
}

export interface ParsedZone {
  origin: string;
  records: DnsRecord[];
  problems: DnsProblem[];
}

export interface CheckedContent {
  /** The owner in stored form, when it is a name. */
  name: string | null;
  /** The canonical form, when there is no error. */
  content: string | null;
  prio: number | null;
  problems: DnsProblem[];
}

/** What a zone editor needs to know of DNS. */
export interface DnsRules {
  /** Checks one record's owner name, type and content as typed (an MX's priority may lead the content). */
  validate(zone: string, record: DnsRecord): Promise<CheckedContent>;
  /** Reads a BIND zone file; every error with its line. */
  parseZone(text: string, origin: string): Promise<ParsedZone>;
  /** Writes one. */
  formatZone(origin: string, records: readonly DnsRecord[]): Promise<string>;
  /** What is wrong with each enabled record and with all of them together. */
  checkZone(origin: string, records: readonly DnsRecord[]): Promise<DnsProblem[]>;
  /** A SOA content with its serial raised: today's YYYYMMDD01 when that is ahead, otherwise one more. Undefined when it is none. */
  bumpSerial(content: string, todayYyyymmdd: number): Promise<string | undefined>;
}

/** The rules, by the engine of an open database. */
export function dnsRules(db: Pick<Database, 'call'>): DnsRules {
  return {
    validate: (zone, record) => db.call('dns_validate', zone, record) as Promise<CheckedContent>,
    parseZone: (text, origin) => db.call('dns_parse_zone', text, origin) as Promise<ParsedZone>,
    formatZone: (origin, records) => db.call('dns_format_zone', origin, records) as Promise<string>,
    checkZone: (origin, records) => db.call('dns_check_zone', origin, records) as Promise<DnsProblem[]>,
    bumpSerial: (content, today) => db.call('dns_bump_serial', content, today) as Promise<string | undefined>,
  };
}
