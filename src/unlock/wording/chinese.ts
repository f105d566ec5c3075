import type { CompletionState, ProfileTest } from "../rules.ts";
import { atLeast, roundedDown } from "./numbers.ts";
import type { Wording } from "./wording.ts";

const STATES: Readonly<Record<CompletionState, string>> = {
  incomplete: "未完成",
  complete: "已完成",
  passed: "已通过",
  failed: "未通过",
};

/** The wording of a profile field's condition, and of its denial. */
function profileIs({ field, op, value = "" }: ProfileTest, isDenied: boolean): string {
  const not = isDenied ? "不" : "";
  const text = `“${value}”`;
  switch (op) {
    case "contains":
      return `${field}${not}包含${text}`;
    case "does_not_contain":
      return `${field}${isDenied ? "" : "不"}包含${text}`;
    case "is_equal_to":
      return `${field}${not}是${text}`;
    case "starts_with":
      return `${field}${not}以${text}开头`;
    case "ends_with":
      return `${field}${not}以${text}结尾`;
    case "is_empty":
      return `${field}${not}为空`;
    default:
      return `${field}${isDenied ? "" : "不"}为空`;
  }
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `“${name}”`).join("或");
}

export const CHINESE: Wording = {
  quote: (title) => `《${title}》`,
  titles: (titles, choice) => {
    if (typeof choice === "number") return `${titles.join("")}中的任意 ${choice} 项`;
    if (titles.length === 1) return titles.join("");
    return `${titles.slice(0, -1).join("")}${choice === "all" ? "和" : "或"}${titles.at(-1)}`;
  },
  complete: (titles) => `完成${titles}`,
  thenWait: (phrase, duration) => `${phrase}后再等 ${duration}`,
  duration: (days, hours, minutes) => {
    const parts = Object.entries({ 天: days, 小时: hours, 分钟: minutes });
    return parts.flatMap(([unit, count]) => (count === 0 ? [] : [`${count} ${unit}`])).join(" ");
  },
  attempt: (title) => `尝试${title}`,
  score: (title, { required, actual }) =>
    `在${title}中取得至少 ${atLeast(required)} 分${typeof actual === "number" ? `（目前最高 ${roundedDown(actual)} 分）` : ""}`,
  points: (title, { required, actual }) =>
    `在${title}中取得至少 ${atLeast(required)} 点${typeof actual === "number" ? `（目前最高 ${roundedDown(actual)} 点）` : ""}`,
  pass: (title) => `通过${title}`,
  average: (required) => `使所列内容的平均分达到 ${required} 分`,
  total: (required) => `使课程总评达到 ${required}%`,
  totalTooHigh: (below) => `仅对课程总评低于 ${below}% 的学员开放`,
  averageTooHigh: (below) => `仅对平均分低于 ${below} 分的学员开放`,
  view: (title) => `打开${title}`,
  mark: (title) => `将${title}标记为完成`,
  contribute: (title) => `参与${title}`,
  share: (title, required) => `完成${title}的 ${required}%`,
  needing: (phrase, needs) => `${phrase}（${needs}）`,
  submit: (title) => `提交${title}`,
  anyScore: (title, below) => (below === null ? `在${title}中取得成绩` : `在${title}中的得分低于 ${below} 分`),
  cannot: {
    complete: (title) => `你无法完成${title}`,
    attempt: (title) => `你无法尝试${title}`,
    score: (title, required) => `你无法在${title}中取得 ${required} 分`,
    pass: (title) => `你无法通过${title}`,
    progress: (title) => (title === null ? "你无法完成足够的所列内容" : `你无法在${title}中完成足够的题目`),
    chapter: (title) => (title === null ? "所在章节无法解锁" : `章节${title}无法解锁`),
    late: (moment) => `需要等到 ${moment}，但那时已经太晚`,
  },
  hopeless: "你做什么都无法解锁它",
  condition: {
    completed: (title, isDenied) => (isDenied ? `未完成${title}` : `已完成${title}`),
    attempted: (title, isDenied) => (isDenied ? `未尝试${title}` : `已尝试${title}`),
    score: (title, min, isDenied) => (isDenied ? `${title}低于 ${min} 分` : `${title}至少 ${min} 分`),
    progress: (needed, total, title, isDenied) =>
      `${title === null ? "所列内容" : title}${isDenied ? "完成少于" : "至少完成"} ${needed}/${total} 项`,
    since: (moment) => `${moment} 起`,
    until: (moment) => `${moment} 前`,
    after: (title, duration, isDenied) =>
      isDenied ? `完成${title}后不超过 ${duration}` : `完成${title}后已过 ${duration}`,
    cohort: (name, isDenied) => (isDenied ? `不在“${name}”小组` : `在“${name}”小组`),
    cohorts: (names, isDenied) => {
      if (names === null) return isDenied ? "不在任何小组" : "在任一小组";
      return `${isDenied ? "不在" : "在"}${quoted(names)}小组`;
    },
    profile: profileIs,
    course: (name, isDenied) => `${isDenied ? "未" : "已"}完成课程“${name}”`,
    points: (title, min, below, isDenied) => {
      const from = min === null ? "" : `至少 ${min} 点`;
      const to = below === null ? "" : `少于 ${below} 点`;
      return `${title}${isDenied ? "并非" : ""}${[from, to].filter((part) => part !== "").join("且") || "有点数"}`;
    },
    average: (total, min, below, isDenied) => {
      const range = [min === null ? "" : `至少 ${min} 分`, below === null ? "" : `低于 ${below} 分`];
      return `${total} 项内容的平均分${isDenied ? "并非" : ""}${range.filter((part) => part !== "").join("且") || "已有"}`;
    },
    total: (min, below, isDenied) => {
      const range = [min === null ? "" : `至少 ${min}%`, below === null ? "" : `低于 ${below}%`];
      return `课程总评${isDenied ? "并非" : ""}${range.filter((part) => part !== "").join("且") || "已有"}`;
    },
    viewed: (title, isDenied) => (isDenied ? `未打开过${title}` : `已打开过${title}`),
    submitted: (title, isDenied) => (isDenied ? `未提交${title}` : `已提交${title}`),
    state: (title, states, isDenied) =>
      `${title}${isDenied ? "并非" : ""}${states.map((state) => STATES[state]).join("或")}`,
    missing: "课程中没有的内容",
    scoreRange: (title, min, below, isDenied) => {
      const from = min === null ? "" : `至少 ${min} 分`;
      const to = below === null ? "" : `低于 ${below} 分`;
      const range = [from, to].filter((part) => part !== "").join("且");
      if (range === "") return isDenied ? `${title}没有成绩` : `${title}有成绩`;
      return isDenied ? `${title}的成绩并非${range}` : `${title}的成绩${range}`;
    },
  },
  solve: (title, count) => `在${title}中再完成 ${count} 题`,
  someItem: "另一项内容",
  someItems: (count) => `再完成 ${count} 项所列内容`,
  openChapter: (title) => (title === null ? "先解锁所在章节" : `先解锁章节${title}`),
  previousChapter: (title) => `先完成上一章${title}`,
  tutorial: (title) => `先完成入门内容${title}`,
  wait: (moment) => `等到 ${moment}`,
  more: (count, choice) => (choice === "any" ? `另外 ${count} 项之一` : `另外 ${count} 项`),
  join: (parts, choice, isNested) => {
    if (typeof choice === "number") return `任选以下 ${choice} 项：${parts.join("；")}`;
    const text = choice === "any" ? parts.join("，或者") : `${parts.slice(0, -1).join("，")}，并且${parts.at(-1)}`;
    return isNested ? `（${text}）` : text;
  },
  opens: (moment) => `将于 ${moment} 开放`,
  closed: (moment) => `已于 ${moment} 关闭`,
  excluded: (title) => (title === null ? "目前不对你开放" : `因你在${title}中的进度，不再对你开放`),
  cohort: (name) => `仅对“${name}”小组开放`,
  cohorts: (names) => (names === null ? "仅对任一小组的成员开放" : `仅对${quoted(names)}小组开放`),
  profile: (test) => `仅对${profileIs(test, false)}的学员开放`,
  course: (name) => `完成课程“${name}”`,
  missing: "它要求的内容在课程中不存在",
  tooManyPoints: (title, below) => `仅对在${title}中少于 ${below} 点的学员开放`,
  tooHigh: (title, below) => `仅对在${title}中得分低于 ${below} 分的学员开放`,
  lockedByStaff: (until) => `已被课程教师锁定${until === null ? "" : `至 ${until}`}`,
  paused: (until, note) => `课程教师已为你暂停这门课程${until === null ? "" : `至 ${until}`}：${note}`,
  sentence: (phrase) => `${phrase}。`,
  between: "",
};
