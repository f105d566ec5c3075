import { gzipSync } from "fflate";

// A certificate in the form for others: an Open Badges 3.0 achievement credential, which is a verifiable credential of
// the W3C (data model 2.0), signed as a JWT. Pure: it makes the credential and the list; signing.ts signs.

/** A certificate as it is stored; instants in epoch ms. */
export interface Certificate {
  number: number;
  id: string;
  /** Null: its learner was erased. */
  user_id: string | null;
  course_slug: string;
  holder: string;
  title: string;
  issued_at: number;
  revoked_at: number | null;
  reason: string | null;
}

const VC_CONTEXT = "https://www.w3.org/ns/credentials/v2";
const BADGES_CONTEXT = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";
/** Name of the issuer: the service. */
const ISSUER = "Latchkey";

/**
 * Certificates in one list, in bits: the minimum of the standard, so that reading a list does not reveal which
 * certificate is checked.
 */
export const LIST_BITS = 131_072;

/** In whole seconds, as the schema of a badge requires. */
function toSecond(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/**
 * The credential of a certificate (Open Badges 3.0, `AchievementCredential`).
 * @param origin of this service, without a slash at the end. @param title of the course in one language.
 */
export function badgeOf({ number, id, course_slug, holder, issued_at }: Certificate, origin: string, title: string) {
  const list = `${origin}/api/v1/certificates/status/${Math.floor(number / LIST_BITS)}`;
  const place = String(number % LIST_BITS);
  return {
    "@context": [VC_CONTEXT, BADGES_CONTEXT],
    id: `${origin}/certificates/${id}`,
    type: ["VerifiableCredential", "OpenBadgeCredential"],
    name: title,
    issuer: { id: origin, type: ["Profile"], name: ISSUER, url: origin },
    validFrom: toSecond(issued_at),
    credentialSubject: {
      type: ["AchievementSubject"],
      identifier: [{ type: "IdentityObject", identityType: "name", hashed: false, identityHash: holder }],
      achievement: {
        id: `${origin}/courses/${course_slug}`,
        type: ["Achievement"],
        achievementType: "Course",
        name: title,
        description: title,
        criteria: { narrative: "Completed what the course asks for its certificate." },
      },
    },
    credentialStatus: {
      id: `${list}#${place}`,
      type: "BitstringStatusListEntry",
      statusPurpose: "revocation",
      statusListIndex: place,
      statusListCredential: list,
    },
  };
}

/**
 * The public list of revoked certificates (Bitstring Status List 1.0, section 3.2): one bit per certificate, the first
 * one in the highest bit of the first byte, gzip, multibase base64url.
 * @param numbers within the list: 0 to {@link LIST_BITS} - 1.
 */
export function statusListOf(list: number, numbers: readonly number[], origin: string, now: number) {
  const bits = new Uint8Array(LIST_BITS / 8);
  for (const number of numbers) bits[number >> 3] = (bits[number >> 3] ?? 0) | (0x80 >> (number & 7));
  const id = `${origin}/api/v1/certificates/status/${list}`;
  const packed = new Uint8Array(gzipSync(bits, { mtime: 0 }));
  return {
    "@context": [VC_CONTEXT],
    id,
    type: ["VerifiableCredential", "BitstringStatusListCredential"],
    issuer: origin,
    validFrom: toSecond(now),
    credentialSubject: {
      id: `${id}#list`,
      type: "BitstringStatusList",
      statusPurpose: "revocation",
      encodedList: `u${packed.toBase64({ alphabet: "base64url", omitPadding: true })}`,
    },
  };
}
