import { describe, expect, it } from "vitest";
import { addressBelow } from "../../../src/connect/lti/gradebook.ts";
import { outlived, signingOf } from "../../../src/connect/lti/key-age.ts";
import { isSameSite, usualOrigins } from "../../../src/connect/lti/kinds.ts";
import { placeOf } from "../../../src/connect/lti/roles.ts";
import { courseScore, itemScore } from "../../../src/connect/lti/score.ts";
import { targetAddress, targetOf, targetOfPath } from "../../../src/connect/lti/target.ts";

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;
const aged = (...days: number[]) => days.map((day) => ({ kid: `${day}`, created_at: NOW - day * DAY }));

describe("the tool's key", () => {
  it("signs if it is the newest one that was published for a day, or the only one", () => {
    expect(signingOf(aged(0.5, 3, 100), NOW)?.kid).toBe("3");
    expect(signingOf(aged(1, 3), NOW)?.kid).toBe("1");
    expect(signingOf(aged(0.1), NOW)?.kid).toBe("0.1");
    expect(signingOf(aged(0.1, 0.2), NOW)?.kid).toBe("0.2");
    expect(signingOf([], NOW)).toBeUndefined();
  });

  it("stays published for a month after another key began to sign", () => {
    const gone = (...days: number[]) => outlived(aged(...days), NOW).map(({ kid }) => kid);
    expect(gone(30, 120)).toEqual([]);
    expect(gone(31.1, 120, 210)).toEqual(["120", "210"]);
    expect(gone(0.5, 31.1, 120)).toEqual(["120"]);
    expect(gone(0.5)).toEqual([]);
  });
});

describe("roles of a platform", () => {
  const M = "http://purl.imsglobal.org/vocab/lis/v2/membership";
  it.each([
    [[`${M}#Learner`], "learner"],
    [[`${M}#Instructor`, `${M}#Learner`], "teacher"],
    [[`${M}/Instructor#GuestInstructor`], "teacher"],
    [[`${M}/Learner#GuestLearner`], "learner"],
    [[`${M}#ContentDeveloper`], "teacher"],
    [["Instructor"], "teacher"],
    [["Learner", "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"], "learner"],
    [[`${M}#Mentor`], "mentor"],
    [[`${M}#Officer`], "none"],
    [["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"], "none"],
    [["http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"], "none"],
    [["https://evil.example.org/v2/membership#Instructor"], "none"],
    [[], "none"],
  ])("%j make a %s", (roles, place) => {
    expect(placeOf(roles)).toBe(place);
  });
});

describe("a score", () => {
  const fact = { attempted_at: 1, completed_at: null, submitted_at: null, best_score: null, revoked_at: null };
  it("is the score of the item, or the full score for an item that is complete without one", () => {
    expect(itemScore(null)).toBeNull();
    expect(itemScore({ ...fact, attempted_at: null })).toBeNull();
    expect(itemScore(fact)).toEqual({ activityProgress: "InProgress", gradingProgress: "NotReady" });
    expect(itemScore({ ...fact, submitted_at: 1 })).toMatchObject({ gradingProgress: "Pending" });
    expect(itemScore({ ...fact, best_score: 33.333 })).toMatchObject({
      activityProgress: "Submitted",
      scoreGiven: 33.33,
    });
    expect(itemScore({ ...fact, best_score: 120, completed_at: 1 })).toMatchObject({ scoreGiven: 100 });
    expect(itemScore({ ...fact, completed_at: 1 })).toMatchObject({ activityProgress: "Completed", scoreGiven: 100 });
    expect(itemScore({ ...fact, completed_at: 1, revoked_at: 2 })).toBeNull();
  });

  it("of a course is the part of the course that is complete", () => {
    expect(courseScore({ completed_count: 0, item_count: 3 })).toBeNull();
    expect(courseScore({ completed_count: 0, item_count: 0 })).toBeNull();
    expect(courseScore({ completed_count: 1, item_count: 3 })).toMatchObject({
      activityProgress: "InProgress",
      scoreGiven: 33.33,
    });
    expect(courseScore({ completed_count: 4, item_count: 3 })).toMatchObject({
      activityProgress: "Completed",
      scoreGiven: 100,
    });
  });

  it("is sent to an address in which the query comes after the path of its column", () => {
    expect(addressBelow("https://l.org/a/lineitem?type_id=5", "scores")).toBe(
      "https://l.org/a/lineitem/scores?type_id=5",
    );
    expect(addressBelow("https://l.org/a/1/", "scores")).toBe("https://l.org/a/1/scores");
  });
});

describe("what a launch opens", () => {
  const ORIGIN = "https://learn.example.org";
  const none = { course: null, item: null };
  it("is named in the address or in the parameters, and nowhere else", () => {
    for (const target of [
      { course: "algorithms", item: null },
      { course: "algorithms", item: "algorithms.two-sum" },
    ]) {
      const address = targetAddress(ORIGIN, target);
      expect(targetOf(ORIGIN, address, none)).toEqual(target);
      expect(targetOf(ORIGIN, `${address}/?x=1`, none)).toEqual(target);
      expect(targetOf("https://other.example.org", address, none)).toBeNull();
    }
    const named = { course: "algorithms", item: "algorithms.two-sum" };
    expect(targetOf(ORIGIN, "no address", named)).toEqual(named);
    expect(targetOf(ORIGIN, ORIGIN, { course: "../x", item: null })).toBeNull();
    expect(targetOf(ORIGIN, ORIGIN, { course: "a", item: "b c" })).toBeNull();
    expect(targetOfPath("/lti/to/a/b/c")).toBeNull();
    expect(targetOfPath("/lti/to/a/b.c")).toBeNull();
  });
});

describe("a product's servers", () => {
  it("speak for their own issuer in its cloud, and elsewhere only for their own name", () => {
    const canvas = "https://canvas.instructure.com";
    expect(isSameSite("canvas", canvas, "https://school.instructure.com/x")).toBe(true);
    expect(isSameSite("canvas", canvas, "https://instructure.com.evil.org/x")).toBe(false);
    expect(isSameSite("canvas", canvas, "https://evilinstructure.com/x")).toBe(false);
    expect(isSameSite("other", canvas, "https://school.instructure.com/x")).toBe(false);
    expect(isSameSite("moodle", "https://m.example.org", "https://m.example.org/openid")).toBe(true);
    expect(isSameSite("moodle", "not an address", "https://m.example.org/openid")).toBe(false);
  });

  it("may frame a launch from their own origins", () => {
    expect(usualOrigins("canvas", "https://canvas.instructure.com", "https://sso.canvaslms.com/a")).toEqual([
      "https://canvas.instructure.com",
      "https://sso.canvaslms.com",
      "https://*.instructure.com",
    ]);
    expect(usualOrigins("moodle", "urn:x", "http://m.example.org/a")).toEqual([]);
    expect(usualOrigins("moodle", "urn:x", "http://localhost:8000/a")).toEqual(["http://localhost:8000"]);
  });
});
