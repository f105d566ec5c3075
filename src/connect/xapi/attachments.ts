import { decodeProtectedHeader } from "jose";
import { zodErrors } from "../../platform/http/field-errors.ts";
import { nodeCrypto } from "../../platform/node-crypto.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import type { Part } from "./form/multipart.ts";
import { signsTheSame } from "./form/same.ts";
import { type Attachment, SIGNATURE, type Statement, statementSchema } from "./form/statement.ts";
import { MAX_BYTES } from "./limits.ts";

// Attachments: 1.0.3 part 2, sections 2.4.11 (attachments) and 2.6 (signatures); part 3, section 1.5.2 (multipart).

/** The bytes of an attachment that came with a request. */
export interface AttachmentBytes {
  bytes: Uint8Array;
  base64: string;
}

/** Digests of the SHA-2 family, by their length in hex digits. */
const DIGESTS = new Map([
  [56, "sha224"],
  [64, "sha256"],
  [96, "sha384"],
  [128, "sha512"],
] as const);
/** Algorithms that a signature may have. */
const SIGNING = ["RS256", "RS384", "RS512"];

const bad = (path: string, rule: string, message: string) =>
  refuse("invalid_input", { errors: [{ path, rule, message }] });

/** Attachments of a statement, those of a statement within it included. */
export function attachmentsOf({ attachments = [], object }: Statement): Attachment[] {
  return [...attachments, ...(object.objectType === "SubStatement" ? (object.attachments ?? []) : [])];
}

/** The parts after the first one, by their digest. Each says its digest, and is what it says. */
export function attachedBytes(parts: readonly Part[]): Result<Map<string, AttachmentBytes>> {
  const all = new Map<string, AttachmentBytes>();
  for (const [index, { headers, bytes }] of parts.entries()) {
    const path = `part ${index + 2}`;
    if (headers.get("content-transfer-encoding")?.toLowerCase() !== "binary") {
      return bad(path, "content_transfer_encoding", "an attachment has the header Content-Transfer-Encoding: binary");
    }
    const hash = headers.get("x-experience-api-hash")?.toLowerCase();
    const digest = [...DIGESTS].find(([length]) => length === hash?.length)?.[1];
    if (hash === undefined || digest === undefined) {
      return bad(path, "hash", "an attachment has the header X-Experience-API-Hash with its SHA-2 digest");
    }
    if (bytes.length > MAX_BYTES)
      return refuse("body_too_large", { detail: `An attachment has at most ${MAX_BYTES} bytes.` });
    if (nodeCrypto().createHash(digest).update(bytes).digest("hex") !== hash) {
      return bad(path, "hash", "the digest is not that of the bytes");
    }
    all.set(hash, { bytes, base64: bytes.toBase64() });
  }
  return ok(all);
}

/**
 * Whether statements and the parts that came with them belong together: each part is an attachment of a statement, and each
 * attachment came, or says where it is.
 */
export function belongTogether(
  statements: readonly Statement[],
  bytes: ReadonlyMap<string, AttachmentBytes>,
): Result<null> {
  const declared = new Set<string>();
  for (const [at, statement] of statements.entries()) {
    for (const [index, attachment] of attachmentsOf(statement).entries()) {
      const path = `[${at}].attachments[${index}]`;
      const sha2 = attachment.sha2.toLowerCase();
      declared.add(sha2);
      const sent = bytes.get(sha2);
      if (sent === undefined && attachment.fileUrl === undefined) {
        return bad(path, "required", "the attachment came with no part, and has no fileUrl");
      }
      // Its digest says what the bytes are; programs are found that say another length, and no rule asks to compare it.
      if (attachment.usageType !== SIGNATURE) continue;
      const signed = checkSignature(statement, attachment, sent);
      if (signed !== null) return bad(path, "signature", signed);
    }
  }
  const stray = [...bytes.keys()].find((hash) => !declared.has(hash));
  return stray === undefined ? ok(null) : bad("", "undeclared", `no statement has the attachment ${stray}`);
}

/** What is wrong with a signature; null: nothing. Its certificate is not checked: no authority is agreed on. */
function checkSignature(
  statement: Statement,
  { contentType }: Attachment,
  sent: AttachmentBytes | undefined,
): string | null {
  if (contentType.toLowerCase() !== "application/octet-stream") return "a signature is application/octet-stream";
  if (sent === undefined) return "a signature comes with its statement";
  const jws = new TextDecoder().decode(sent.bytes).trim();
  try {
    const { alg = "" } = decodeProtectedHeader(jws);
    if (!SIGNING.includes(alg)) return `a signature has one of the algorithms ${SIGNING.join(", ")}`;
    const payload = Uint8Array.fromBase64(jws.split(".")[1] ?? "", { alphabet: "base64url" });
    const signed = statementSchema(2).safeParse(JSON.parse(new TextDecoder().decode(payload)));
    if (!signed.success) return `what is signed is no statement: ${zodErrors(signed.error)[0]?.path ?? ""}`;
    return signsTheSame(signed.data, statement) ? null : "what is signed is another statement";
  } catch {
    return "not a JSON web signature in its compact form";
  }
}
