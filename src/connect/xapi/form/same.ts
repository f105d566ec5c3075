import type { Statement } from "./statement.ts";
import { instantOf } from "./values.ts";

// Whether two statements say the same: 1.0.3 part 2, section 2.3.1 ("immutable"), which names what may differ.

/** Fields that the store sets itself. */
const OF_STORE = ["id", "stored", "authority", "version"] as const;

/** Whether a statement that is sent again says what the stored one says. */
export function saysTheSame(sent: Statement, stored: Statement): boolean {
  const [one, other] = [comparable(sent), comparable(stored)];
  // Who sends none is given one: sent again without it, it is the same statement.
  const isAgreed = sent.timestamp === undefined || instantOf(sent.timestamp) === instantOf(stored.timestamp ?? "");
  return isAgreed && isEqual(one, other);
}

/** What a signature has to cover: the statement without what may differ, its attachments and its time. */
export function signsTheSame(signed: Statement, sent: Statement): boolean {
  const { attachments: _signed, ...one } = comparable(signed);
  const { attachments: _sent, ...other } = comparable(sent);
  return isEqual(one, other);
}

function comparable(statement: Statement): Partial<Statement> {
  const copy: Partial<Statement> = { ...statement };
  for (const field of OF_STORE) delete copy[field];
  delete copy.timestamp;
  const { object } = statement;
  if (copy.result !== undefined) copy.result = inHundredths(copy.result);
  if (object.objectType === "SubStatement" && object.result !== undefined) {
    copy.object = { ...object, result: inHundredths(object.result) };
  }
  return copy;
}

/** Durations are compared to the hundredth of a second (2.0 section 4.2.7). */
function inHundredths(result: NonNullable<Statement["result"]>): Statement["result"] {
  const { duration } = result;
  return duration === undefined ? result : { ...result, duration: duration.replace(/([.,]\d\d)\d+S$/, "$1S") };
}

/** Equality of JSON values; a field that is undefined is none, the order of names does not count. */
function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
    return one.every((value, at) => isEqual(value, other[at]));
  }
  const left = Object.entries(one).filter(([, value]) => value !== undefined);
  const right = new Map(Object.entries(other).filter(([, value]) => value !== undefined));
  return (
    left.length === right.size && left.every(([name, value]) => right.has(name) && isEqual(value, right.get(name)))
  );
}
