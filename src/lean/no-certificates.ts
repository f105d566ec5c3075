// Replaces the reader of certificates in the upload (wrangler.toml, `alias`). @simplewebauthn/server uses it to check
// the maker of an authenticator, which Latchkey never asks for (attestation "none"). Only the form of a signature is
// needed.

const ABSENT = "certificates are not checked here";

/** Stands for everything about certificates. */
class Absent {
  constructor() {
    throw new Error(ABSENT);
  }
}

export class ECDSASigValue {
  r = new Uint8Array();
  s = new Uint8Array();
}

/** One non-negative integer of ASN.1 (X.690 section 8.3) below 128 bytes. @returns its bytes, and the rest after it. */
function integer(bytes: Uint8Array): [Uint8Array<ArrayBuffer>, Uint8Array] {
  const [tag, length] = bytes;
  if (tag !== 0x02 || length === undefined || length === 0 || length > 127 || bytes.length < 2 + length) {
    throw new Error("not a number of ASN.1");
  }
  return [new Uint8Array(bytes.subarray(2, 2 + length)), bytes.subarray(2 + length)];
}

export const AsnParser = {
  /** Reads the two numbers of a signature (RFC 3279 section 2.2.3). @throws for anything else. */
  parse(data: Uint8Array, type: unknown): ECDSASigValue {
    if (type !== ECDSASigValue) throw new Error(ABSENT);
    const [tag, length] = data;
    // Signatures of curves up to 384 bits are shorter than 128 bytes, so their length is one byte.
    if (tag !== 0x30 || length === undefined || length > 127 || data.length !== 2 + length) {
      throw new Error("not a signature of ASN.1");
    }
    const [r, rest] = integer(data.subarray(2));
    const [s, end] = integer(rest);
    if (end.length > 0) throw new Error("not a signature of ASN.1");
    return { r, s };
  },
};

export {
  Absent as AuthorityKeyIdentifierExtension,
  Absent as BasicConstraints,
  Absent as Certificate,
  Absent as CRLDistributionPointsExtension,
  Absent as ECParameters,
  Absent as ExtendedKeyUsage,
  Absent as KeyDescription,
  Absent as OctetString,
  Absent as RSAPublicKey,
  Absent as SubjectAlternativeName,
  Absent as SubjectKeyIdentifierExtension,
  Absent as X509Certificate,
  Absent as X509ChainBuilder,
  Absent as X509Crl,
};

export const id_ce_basicConstraints = ABSENT;
export const id_ce_extKeyUsage = ABSENT;
export const id_ce_keyDescription = ABSENT;
export const id_ce_subjectAltName = ABSENT;
export const id_ecPublicKey = ABSENT;
export const id_ecdsaWithSHA256 = ABSENT;
export const id_ecdsaWithSHA384 = ABSENT;
export const id_ecdsaWithSHA512 = ABSENT;
export const id_ml_dsa_44 = ABSENT;
export const id_ml_dsa_65 = ABSENT;
export const id_ml_dsa_87 = ABSENT;
export const id_rsaEncryption = ABSENT;
export const id_secp256r1 = ABSENT;
export const id_secp384r1 = ABSENT;
export const id_sha1WithRSAEncryption = ABSENT;
export const id_sha256WithRSAEncryption = ABSENT;
export const id_sha384WithRSAEncryption = ABSENT;
export const id_sha512WithRSAEncryption = ABSENT;
