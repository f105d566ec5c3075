import { settingsSchema } from "../lib/config/schema.ts";

// The one source of wrangler.toml. `npm run config` writes that file from what stands here, for this machine, staging
// and production. Names of the account (databases, buckets, queues) are made from the words given here.
// Comments name the trap behind a line, not the field; those in `why` are written into wrangler.toml.

export const SETTINGS = settingsSchema.parse({
  product: "latchkey",
  main: { edge: "src/index.ts", back: "src/back.ts" },

  /** Databases over which courses are spread; the first is the directory that all share. More are added, none is taken away. */
  shards: 2,
  /** Where the migrations of the directory and of a shard stand. */
  migrations: { directory: "migrations", shard: "migrations/shard" },

  compatibility: {
    date: {
      value: "2026-10-30",
      why: `The test runner brings its own workerd and refuses a newer date than that binary knows
(@cloudflare/vitest-plugin 1.4.10: 2026-10-30). Raise this together with the plugin, never alone.`,
    },
    flags: {
      value: ["enable_request_signal"],
      why: `Node's crypto (native scrypt) and AsyncLocalStorage come with this date; listing nodejs_compat is redundant.
enable_request_signal has no date of its own: without it a stream whose client has gone is noticed one beat later.`,
    },
  },

  alias: {
    value: {
      zod: "./src/lean/zod.ts",
      "../core/json-schema-processors.js": "./src/lean/zod-json-schema.ts",
      "../core/to-json-schema.js": "./src/lean/zod-json-schema.ts",
      "@asteasolutions/zod-to-openapi": "./src/lean/zod-to-openapi.ts",
      "better-auth/db": "./src/lean/better-auth-db.ts",
      "ml-matrix": "./src/lean/ml-matrix.js",
      "@peculiar/asn1-android": "./src/lean/no-certificates.ts",
      "@peculiar/asn1-ecc": "./src/lean/no-certificates.ts",
      "@peculiar/asn1-rsa": "./src/lean/no-certificates.ts",
      "@peculiar/asn1-schema": "./src/lean/no-certificates.ts",
      "@peculiar/asn1-x509": "./src/lean/no-certificates.ts",
      "@peculiar/asn1-x509-post-quantum": "./src/lean/no-certificates.ts",
      "@peculiar/x509": "./src/lean/no-certificates.ts",
      "reflect-metadata": "./src/lean/no-certificates.ts",
    },
    why: "Smaller replacements for packages, and files of packages, that a bundler cannot split. Each says what it leaves out.",
  },

  vars: {
    SHADOW_SAMPLE_RATE: {
      value: "0.001",
      why: "Share of list reads that are evaluated a second time from D1, in the background, and compared (0 to 1).",
    },
    READ_LOG_RATE: {
      value: "0.1",
      why: `Share of normal reads (fresh snapshot, no query, not slow) that are logged (0 to 1). Below 1, reads at the edge are logged a tenth as often. Everything else is logged.`,
    },
    ALLOWED_ORIGINS: {
      value: "",
      why: "Origins whose pages may call the API from a browser, separated by spaces. The pages served here need none.",
    },
    PUBLIC_URL: {
      value: "",
      why: `Where people open the pages, such as https://learn.example.org. Links in mails and passkeys belong to it; while it is
empty, both are off. On a local installation, the address of the request counts.`,
    },
    MAIL_FROM: {
      value: "",
      why: `Sender of all mail, such as no-reply@learn.example.org, of a domain that the account may send from. Empty: no mail is
sent, and what needs mail is off. A local installation sends none and keeps them on a page.`,
    },
    RECOVERY: {
      value: "on",
      why: `Ways beside the password, each "on" or "off": a new password by mail, sign-in by a link in a mail, passkeys, and codes
from an app as the second factor.`,
    },
    SIGN_IN_LINKS: { value: "on" },
    PASSKEYS: { value: "on" },
    SECOND_FACTOR: { value: "on" },
    SECOND_FACTOR_REQUIRED: {
      value: "",
      why: `Roles that must have a second factor, separated by spaces, such as "admin". Who has none sets it up at the next sign-in.`,
    },
    WEBHOOKS: {
      value: "off",
      why: `Whether other systems may ask to be told what happens in courses: "on" or "off". While it is off, nothing is written
down for them and nothing is sent. A local installation has it on.`,
    },
    TRUSTED_DEVICE_DAYS: {
      value: "30",
      why: "Days for which a browser may be asked for no code, if its user chooses so. 0: never.",
    },
    BROADCAST_SHARDS: {
      value: "16",
      why: "Number of broadcast shards (1 to 64). Each holds the connections of its share of the users.",
    },
    MAX_STREAMS: {
      value: "4000",
      why: "Most streams of one isolate, and most of one address. Beyond, the answers are 503 and 429, with Retry-After.",
    },
    MAX_STREAMS_PER_ADDRESS: { value: "200" },
    STREAM_LIFETIME_SECONDS: {
      value: "1800",
      why: "Longest life of a stream, seconds; each ends at a random point of the last fifth, so that not all clients reconnect at once.",
    },
    HEARTBEAT_SECONDS: {
      value: "20",
      why: "Mean seconds between two heartbeats of a stream; each beat is up to a quarter earlier or later.",
    },
    FILE_QUOTA_BYTES: {
      value: "1000000000",
      why: "Quota of one user: bytes of all files together, and number of files.",
    },
    FILE_QUOTA_FILES: { value: "1000" },
    READ_ALLOWANCE: {
      value: "600",
      why: "Reads a minute that a user makes in one isolate before READ_LIMIT below is asked: more than people make.",
    },
    METRICS_PUSH_SECONDS: {
      value: "2",
      why: "Seconds between two pushes of an isolate's counts (at most 20). 0: nothing is counted.",
    },
    SHARD_ENROLLMENTS: {
      value: "3000000",
      why: "Most enrollments of one database. Beyond, nobody can enroll there, and no new course is placed in it.",
    },
    RECORD_BACKENDS: {
      value: "translation.session=d1 translation.task=d1",
      why: `Where each type of record is stored: d1, and after it a + and the name of each backend that gets a copy (r2, kv).
It is read from the first.`,
    },
    RECORD_SEARCH: {
      value: "off",
      why: `Whether records are stored with an index of their words: "on" or "off". What was stored while it was off is found
once it has been indexed.`,
    },
  },

  secrets: {
    value: ["AUTH_SECRET", "METRICS_TOKEN"],
    why: `Deploying without one of these fails, instead of starting a Worker that trusts an empty secret. METRICS_TOKEN is
the token that Prometheus sends to /metrics. Without Prometheus, remove it from this list; then /metrics answers 503.`,
  },

  /** Class of each kind of object, by its binding. All have SQLite storage, which can never be changed later. */
  objects: {
    ENROLLMENTS: "EnrollmentObject",
    PRESENCE: "CoursePresence",
    CHANNELS: "UserChannel",
    BROADCAST_LOG: "BroadcastLog",
    BROADCASTS: "BroadcastShard",
    JOURNALS: "JournalObject",
    GATES: "UserGate",
    AUDIT_CHAINS: "AuditChain",
    METRICS: "MetricsShard",
    VAULTS: "BackupVault",
  },

  buckets: {
    DOCUMENTS: { name: "documents" },
    FILES: {
      name: "files",
      why: "Only users' files: the nightly sweep removes unknown objects below u/.",
    },
    RECORDS: { name: "records" },
    BACKUPS: {
      name: "backups",
      why: "Backups, never overwritten. In production, add a bucket lock, and let the bucket belong to another account.",
    },
  },

  namespaces: {
    RECORD_CACHE: { why: "No id: wrangler creates the namespace at the first deploy, like the databases." },
    SWITCHES: {
      why: "The read switch: operators set the share of reads that go to D1, and isolates read it in the background.",
    },
  },

  queues: {
    REFRESH_QUEUE: { name: "refresh", batch: 100, seconds: 1 },
    PROJECTION_QUEUE: { name: "projection", batch: 10, seconds: 1 },
    EVENT_QUEUE: { name: "events", batch: 100, seconds: 5 },
    BACKUP_QUEUE: {
      name: "backup",
      batch: 1,
      seconds: 0,
      concurrency: 1,
      why: "A message is a piece of a backup: some twenty seconds of work, one at a time.",
    },
    INSIGHT_QUEUE: {
      name: "insight",
      batch: 1,
      seconds: 0,
      why: "One step of a run at a time: each may take most of a Worker's time and memory.",
    },
    IMPORT_QUEUE: {
      name: "imports",
      batch: 1,
      seconds: 0,
      concurrency: 1,
      why: "A message is one whole import of a course: most of a Worker's time and memory, one at a time.",
    },
    WEBHOOK_QUEUE: {
      name: "webhooks",
      batch: 1,
      seconds: 0,
      why: "A message is one run of deliveries to one receiver, which may answer slowly: none waits behind another.",
    },
    MAIL_QUEUE: {
      name: "mail",
      batch: 10,
      seconds: 0,
      why: "Requests for mail: whether an address is known is looked up here, so that no answer takes longer for one that is.",
    },
  },
  mail: {
    MAIL: { why: "Nothing is sent while MAIL_FROM is empty." },
  },
  retries: { times: 3, seconds: 60 },
  deadRetries: { batch: 100, batchSeconds: 5, times: 100, seconds: 600 },

  /** src/maintenance/crons.ts dispatches on these very strings. */
  crons: ["* * * * *", "0 2 * * *"],

  /** Calls a minute by whoever is counted. */
  rateLimits: { SIGN_IN_LIMIT: 10, WRITE_LIMIT: 1_200, READ_LIMIT: 6_000 },

  cpuMs: 30_000,
  /** Addresses of the pages and their files; all others reach the Worker. */
  pages: [
    "/",
    "/index.html",
    "/favicon.svg",
    "/assets/*",
    "/sign-in",
    "/sign-in/*",
    "/account",
    "/account/*",
    "/invite/*",
    "/mail",
    "/courses",
    "/courses/*",
    "/author",
    "/author/*",
    "/operator",
    "/operator/*",
    "/grading",
    "/grading/*",
    "/certificates/*",
    "/observed",
    "/organizations",
    "/organizations/*",
  ],
  build: { command: "node_modules/.bin/node scripts/build-web.ts", watch: ["src"] },
});
