/** PostgreSQL's SQL in WebAssembly. */
export { Database, Tusklet, type TuskletOptions } from './database.js';
export { PostgresError, utf16Offset, type Notice, type ReportFields } from './errors.js';
export type { EngineModule, WasmSource } from './engine.js';
export type { OpenOptions } from './open.js';
export type { Field } from './packed.js';
export type { BackendMessage } from './protocol.js';
export type { Results } from './result.js';
export {
  Session, Statement, SyncSession, type DescribeQueryResult, type ExecProtocolOptions, type QueryOptions, type SessionOptions, type Transaction,
} from './session.js';
export type { Column, RowMode } from './shape.js';
export { ident, identifier, join, raw, sql, type Fragment } from './template.js';
export {
  defaultParsers, oid as types, parseArray, serializeArray, type Parser, type Parsers, type Serializer, type Serializers,
} from './types.js';
