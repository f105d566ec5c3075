export type * as ApiTypes from "./api-types.ts";
export type { Rule } from "./api-types.ts";
export type { Clock } from "./clock.ts";
export { type ClientOptions, createClient, type LatchkeyClient } from "./create-client.ts";
export { EventStream } from "./event-stream.ts";
export type {
  Envelope,
  EventData,
  EventLevel,
  EventPriority,
  EventType,
  LatchkeyEvent,
  ResetNotice,
} from "./event-types.ts";
export type { EventsApi, HistoryPage, Preferences, PublishAnswer, PublishedEvent, SseToken } from "./events-api.ts";
export type { Answer, CallOptions, Input, PathsOf } from "./operations.ts";
export { randomId } from "./random-id.ts";
export { indexedDbSpool } from "./records/indexed-db-spool.ts";
export type { InvalidItem, ItemError, RecordWriterOptions, WriterStatus } from "./records/options.ts";
export { RestoreCutError, RestoreRefusedError, restoreSession } from "./records/restore.ts";
export {
  memorySpool,
  type RecordItem,
  type RecordKind,
  type SealedBatch,
  type Spool,
  type SpoolContents,
  type SpooledItem,
} from "./records/spool.ts";
export { RecordWriter } from "./records/writer.ts";
export type { LatchkeyProblem, Result } from "./rest/result.ts";
export { Session, type SessionOptions, type SessionUser } from "./session.ts";
export { type SseFrame, SseParser, type SseParserHandlers } from "./sse-parser.ts";
export { type KeyValueStorage, memoryStorage } from "./stream/cursor-store.ts";
export type { EventHandler } from "./stream/handlers.ts";
export type { EventStreamOptions, Timing } from "./stream/options.ts";
export type { ConnectionState, StatusReason, StreamStatus } from "./stream/status.ts";
export type { Surroundings, TabChannel } from "./stream/surroundings.ts";
export type { GetToken } from "./token.ts";
export { PARTS_FROM, type PartsTransport, uploadInParts } from "./upload-parts.ts";
