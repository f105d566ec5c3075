import { describe, expect, it } from "vitest";
import { permitFor } from "../../../src/mirror/access.ts";
import type { Content, SnapshotInfo } from "../../../src/mirror/contract.ts";

type ItemContent = Extract<Content, { kind: "item" }>;

const SNAPSHOT: SnapshotInfo = {
  version: 4,
  source: "snapshot",
  computed_at: "2026-11-29T12:00:00.000Z",
  progress_seq: 1,
  policy_seq: 0,
  course_version: 2,
  engine: 1,
  valid_until: null,
};
const explanation = (is_locked: boolean): ItemContent["explanation"] => ({
  item: "demo.x",
  is_locked,
  conditions: [],
  reasons: is_locked ? [{ code: "locked_by_staff" }] : [],
  to_unlock: is_locked ? null : [],
  do_next: [],
  sentence: { en: is_locked ? "Locked by staff." : "", zh: "" },
});
const content = (is_open: boolean, rest: Partial<ItemContent> = {}): ItemContent => ({
  kind: "item",
  row: "{}",
  is_open,
  explanation: explanation(!is_open),
  content_version: 3,
  ...rest,
});

function ask(
  is_open: boolean,
  {
    isStaff = false,
    at = null,
    rest = {},
    snapshot = {},
  }: { isStaff?: boolean; at?: number | null; rest?: Partial<ItemContent>; snapshot?: Partial<SnapshotInfo> } = {},
) {
  const asked = { course: "demo", item: "demo.x", at };
  const { content_version, ...others } = content(is_open, rest);
  const given: ItemContent = content_version === undefined ? others : { ...others, content_version };
  const permit = permitFor({ isStaff, language: "en" }, asked, {
    content: given,
    snapshot: { ...SNAPSHOT, ...snapshot },
  });
  return permit.ok ? permit.value.version : permit.refusal.code;
}

describe("[fault 1] permission to show content", () => {
  it("is given for an item that is open now, in the version that decided it, at whatever instant the request asks about", () => {
    expect([
      ask(true),
      ask(true, { at: 1 }),
      ask(false),
      ask(false, { at: 1, rest: { at: explanation(false) } }),
    ]).toEqual([3, 3, "locked", "locked"]);
  });

  it("is given to staff at all times", () => {
    expect([ask(false, { isStaff: true }), ask(false, { isStaff: true, at: 1 })]).toEqual([3, 3]);
  });

  it("is given on the word of an object of the release before only for the present, because it decides by the requested instant", () => {
    const rest = { content_version: undefined } as unknown as Partial<ItemContent>;
    expect([ask(true, { rest }), ask(false, { rest }), ask(true, { rest, at: 1 })]).toEqual([
      2,
      "locked",
      "unavailable",
    ]);
  });

  it("is not given while a newer version exists that cannot be read: that version may hide or lock the item", () => {
    const snapshot = { stale_since: "2026-11-29T12:00:00.000Z" };
    expect([ask(true, { snapshot }), ask(false, { snapshot }), ask(true, { snapshot, isStaff: true })]).toEqual([
      "unavailable",
      "locked",
      3,
    ]);
    // D1 evaluates again at each read, whatever mark its row has.
    expect(ask(true, { snapshot: { ...snapshot, source: "realtime" } })).toBe(3);
  });
});
