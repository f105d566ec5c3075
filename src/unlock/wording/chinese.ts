import { atLeast, roundedDown } from "./numbers.ts";
import type { Wording } from "./wording.ts";

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
  cannot: {
    complete: (title) => `你无法完成${title}`,
    attempt: (title) => `你无法尝试${title}`,
    score: (title, required) => `你无法在${title}中取得 ${required} 分`,
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
  lockedByStaff: (until) => `已被课程教师锁定${until === null ? "" : `至 ${until}`}`,
  sentence: (phrase) => `${phrase}。`,
  between: "",
};
