import { describe, expect, it } from "vitest";
import { judge, type Knowledge, lesserRole } from "../../../src/identity/standing.ts";
import { ROLES, type Role } from "../../../src/platform/roles.ts";

const nothing: Knowledge = { is_erased: false, is_ended: false, over_until: null, account: undefined, hold: null };
const own = (role: Role) => ({ session: "s", role, issued_at: 100 });
const foreign = (role: Role) => ({ session: null, role, issued_at: 100 });
const account = (role: Role, banned_until: number | "ever" | null = null) => ({ role, banned_until });

describe("two roles together", () => {
  it("allow only what both allow, in either order", () => {
    for (const one of ROLES) {
      expect([lesserRole(one, one), lesserRole(one, "admin"), lesserRole(one, "learner")]).toEqual([
        one,
        one,
        "learner",
      ]);
      for (const other of ROLES) expect(lesserRole(one, other)).toBe(lesserRole(other, one));
    }
    expect(lesserRole("author", "service")).toBe("learner");
  });
});

describe("[fault 2] the role of a token", () => {
  it("is the one in the token while nobody has changed it", () => {
    for (const role of ROLES) expect(judge(own(role), nothing, 0)).toEqual({ standing: "open", role });
  });

  it("of ours is the role of the account, higher or lower", () => {
    for (const before of ROLES) {
      for (const after of ROLES) {
        expect(judge(own(before), { ...nothing, account: account(after) }, 0).role).toBe(after);
      }
    }
  });

  it("of another provider is never higher than the role of the account, and stays where there is no account", () => {
    for (const given of ROLES) {
      for (const here of ROLES) {
        const { role } = judge(foreign(given), { ...nothing, account: account(here) }, 0);
        expect(role).toBe(lesserRole(given, here));
      }
      expect(judge(foreign(given), { ...nothing, account: null }, 0).role).toBe(given);
    }
  });

  it("is the lower one while a change is being written", () => {
    const lowering = { ...nothing, account: account("admin"), hold: { role: "learner" as const } };
    expect(judge(own("admin"), lowering, 0).role).toBe("learner");
    const raising = { ...nothing, account: account("learner"), hold: { role: "admin" as const } };
    expect(judge(own("learner"), raising, 0).role).toBe("learner");
  });
});

describe("[fault 2] a token", () => {
  it("of a banned user is refused until the ban ends, also while the ban is being written", () => {
    const standing = (known: Partial<Knowledge>, now: number) =>
      judge(own("author"), { ...nothing, ...known }, now).standing;
    expect(standing({ account: account("author", "ever") }, 1)).toBe("banned");
    expect(standing({ account: account("author", 10) }, 9)).toBe("banned");
    expect(standing({ account: account("author", 10) }, 10)).toBe("open");
    expect(standing({ hold: { banned: true } }, 1)).toBe("banned");
  });

  it("without a session is refused if its user ended everything after it was issued", () => {
    const ended = { ...nothing, over_until: 100 };
    expect(judge(foreign("learner"), ended, 0).standing).toBe("ended");
    expect(judge({ ...foreign("learner"), issued_at: 101 }, ended, 0).standing).toBe("open");
    // A session is ended by its name.
    expect(judge(own("learner"), ended, 0).standing).toBe("open");
    expect(judge(own("learner"), { ...ended, is_ended: true }, 0).standing).toBe("ended");
  });

  it("of an erased user is refused, whatever else is known", () => {
    expect(judge(own("admin"), { ...nothing, is_erased: true, account: account("admin") }, 0).standing).toBe("erased");
  });
});
