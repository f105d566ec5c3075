// Over 350 lines: what the rule builder says stands in one table a language, so that the compiler sees one that is missing.

import type { CompletionState, ProfileTest } from "../../../../unlock/index.ts";
import { useLanguage } from "../../../i18n/index.ts";
import type { Operator } from "./model.ts";

/** What the rule builder says. A sentence is made of these and of what the author chose. */
export interface RuleWords {
  opens: string;
  always: string;
  add: string;
  addGroup: string;
  addFirst: string;
  remove: string;
  negate: string;
  hide: string;
  unwrapNot: string;
  unwrapHide: string;
  not: string;
  hideWhile: string;
  up: string;
  down: string;
  about: string;
  item: string;
  count: string;
  unknown: string;
  missing: string;
  asJson: string;
  jsonBad: string;
  apply: string;
  atLeast: string;
  below: string;
  percent: string;
  days: string;
  when: string;
  of: string;
  addItem: string;
  removeItem: (title: string) => string;
  gone: (id: string) => string;
  cohort: string;
  cohortOne: string;
  cohortSome: string;
  cohortAny: string;
  cohortNames: string;
  field: string;
  value: string;
  course: string;
  group: Record<"all" | "any" | "at_least", string>;
  operator: Record<Exclude<Operator, "all" | "any" | "at_least" | "not" | "hide">, string>;
  state: Record<CompletionState, string>;
  profile: Record<ProfileTest["op"], string>;
  keeps: string;
  keepsCourse: string;
  keepsYes: string;
  keepsNo: string;
  /** Sentences, for the summary above the parts. */
  say: {
    open: (rule: string) => string;
    join: Record<"all" | "any" | "at_least", (parts: string, count: number) => string>;
    between: string;
    not: (part: string) => string;
    hide: (part: string) => string;
    unknown: string;
    range: (min: number | undefined, below: number | undefined, unit: string) => string;
    completed: (item: string) => string;
    attempted: (item: string) => string;
    viewed: (item: string) => string;
    submitted: (item: string) => string;
    score: (item: string, range: string) => string;
    points: (item: string, range: string) => string;
    state: (item: string, states: string) => string;
    after: (item: string, days: number) => string;
    progress: (of: string, percent: number) => string;
    average: (of: string, range: string) => string;
    total: (range: string) => string;
    previous: (states: string) => string;
    from: (instant: string) => string;
    until: (instant: string) => string;
    afterEnrollment: (days: number) => string;
    cohort: (name: string) => string;
    cohortAnyOf: (names: string) => string;
    cohortAny: string;
    profile: (field: string, op: string, value: string) => string;
    courseCompleted: (course: string) => string;
    missing: (name: string) => string;
    or: string;
  };
  preview: {
    title: string;
    lead: string;
    learner: (number: number) => string;
    opens: string;
    locked: string;
    hidden: string;
    states: Record<"none" | "viewed" | "started" | "failed" | "passed", string>;
    stateOf: (item: string) => string;
    scoreOf: (item: string) => string;
    now: string;
    nowHint: string;
    enrolled: string;
    loading: string;
    failed: string;
    unreadable: string;
    nothing: string;
    more: (count: number) => string;
    inCohort: (name: string) => string;
    fieldOf: (name: string) => string;
    courseDone: (slug: string) => string;
    classTitle: string;
    classNow: (open: number, seen: number) => string;
    classMore: string;
    classNone: string;
    classUnpublished: string;
    ask: string;
    asking: string;
    impact: (gain: number, lose: number, learners: number) => string;
    impactNone: string;
    impactRefused: string;
  };
}

const en: RuleWords = {
  opens: "Opens when",
  always: "Open from the start: there is no rule.",
  add: "Add a condition",
  addGroup: "Add a group",
  addFirst: "Add a rule",
  remove: "Remove",
  negate: "Not",
  hide: "Hide while false",
  unwrapNot: "Take “not” away",
  unwrapHide: "Show it locked, with the reason",
  not: "it is not so that",
  hideWhile: "hidden, and not only locked, unless",
  up: "Move up",
  down: "Move down",
  about: "Condition",
  item: "Item",
  count: "How many",
  unknown: "This part cannot be shown as a sentence. It is kept as it is.",
  missing: "An importer wrote this: the course does not have what the rule asks for. It is never true.",
  asJson: "As JSON",
  jsonBad: "This is not a rule. The last one that was is kept.",
  apply: "Use this",
  atLeast: "at least",
  below: "and below",
  percent: "%",
  days: "days",
  when: "Date and time",
  of: "of",
  addItem: "Add an item",
  removeItem: (title) => `Remove ${title}`,
  gone: (id) => `${id} (not in the course)`,
  cohort: "Cohort",
  cohortOne: "is in the cohort",
  cohortSome: "is in one of the cohorts",
  cohortAny: "is in any cohort at all",
  cohortNames: "Names of cohorts, with commas between",
  field: "Field of the profile",
  value: "Value",
  course: "Short name of the course",
  group: { all: "all of these are so", any: "any of these is so", at_least: "at least so many of these are so" },
  operator: {
    completed: "is complete",
    score: "has a score",
    state: "has the state",
    attempted: "was begun",
    viewed: "was opened",
    submitted: "was answered",
    points: "has points",
    after: "was completed some days ago",
    progress: "a share of items is complete",
    average: "the mean score of items",
    total: "the total of the course",
    previous: "the item before has the state",
    from: "it is this date or later",
    until: "it is before this date",
    after_enrollment: "some days have passed since enrolling",
    cohort: "the learner is in a cohort",
    profile: "a field of the profile",
    course_completed: "another course is completed",
    missing: "something that the course does not have",
  },
  state: { incomplete: "incomplete", complete: "complete", passed: "passed", failed: "failed" },
  profile: {
    contains: "contains",
    does_not_contain: "does not contain",
    is_equal_to: "is",
    starts_with: "starts with",
    ends_with: "ends with",
    is_empty: "is empty",
    is_not_empty: "is not empty",
  },
  keeps: "Once it was open",
  keepsCourse: "as the course says",
  keepsYes: "it stays open",
  keepsNo: "it locks again when the rule is false, and the latest score counts",
  say: {
    open: (rule) => `Opens when ${rule}.`,
    join: {
      all: (parts) => `all of: ${parts}`,
      any: (parts) => `any of: ${parts}`,
      at_least: (parts, count) => `at least ${count} of: ${parts}`,
    },
    between: "; ",
    not: (part) => `not (${part})`,
    hide: (part) => `${part} (hidden until then)`,
    unknown: "a part that only JSON shows",
    range: (min, below, unit) =>
      min === undefined && below === undefined
        ? "there"
        : [min === undefined ? "" : `at least ${min}${unit}`, below === undefined ? "" : `below ${below}${unit}`]
            .filter(Boolean)
            .join(" and "),
    completed: (item) => `${item} is complete`,
    attempted: (item) => `${item} was begun`,
    viewed: (item) => `${item} was opened`,
    submitted: (item) => `${item} was answered`,
    score: (item, range) => `the score in ${item} is ${range}`,
    points: (item, range) => `the points in ${item} are ${range}`,
    state: (item, states) => `${item} is ${states}`,
    after: (item, days) => `${item} was completed ${days} days ago`,
    progress: (of, percent) => `${percent} % of ${of} are complete`,
    average: (of, range) => `the mean score of ${of} is ${range}`,
    total: (range) => `the total of the course is ${range}`,
    previous: (states) => `the item before is ${states}`,
    from: (instant) => `it is ${instant} or later`,
    until: (instant) => `it is before ${instant}`,
    afterEnrollment: (days) => `${days} days have passed since enrolling`,
    cohort: (name) => `the learner is in ${name}`,
    cohortAnyOf: (names) => `the learner is in one of ${names}`,
    cohortAny: "the learner is in any cohort",
    profile: (field, op, value) => `${field} ${op}${value === "" ? "" : ` “${value}”`}`,
    courseCompleted: (course) => `the course ${course} is completed`,
    missing: (name) => `${name}, which the course does not have`,
    or: " or ",
  },
  preview: {
    title: "Who that opens",
    lead: "Five made-up learners. Change what they did, and see what opens.",
    learner: (number) => `Learner ${number}`,
    opens: "Open",
    locked: "Locked",
    hidden: "Hidden",
    states: { none: "nothing", viewed: "opened", started: "begun", failed: "failed", passed: "complete" },
    stateOf: (item) => `What was done with ${item}`,
    scoreOf: (item) => `Score in ${item}, percent`,
    now: "Now is",
    nowHint: "Empty: this moment.",
    enrolled: "Days since enrolling",
    loading: "Loading the rules’ engine …",
    failed: "The engine could not be loaded.",
    unreadable: "A part of the rule is not a rule, so nobody can be tried with it.",
    nothing: "The rule asks nothing of what learners do.",
    more: (count) => `The rule asks for ${count} more things, which are not shown here.`,
    inCohort: (name) => `In ${name}`,
    fieldOf: (name) => `Profile: ${name}`,
    courseDone: (slug) => `Completed ${slug}`,
    classTitle: "The real class",
    classNow: (open, seen) => `In the published version ${open} of ${seen} learners can open it now:`,
    classMore: "There are more learners.",
    classNone: "Nobody can open it now.",
    classUnpublished: "It is not published yet, so nobody has it.",
    ask: "Ask what publishing this would change",
    asking: "Asking …",
    impact: (gain, lose, learners) =>
      `Publishing the draft would open it to ${gain} and lock it for ${lose} of ${learners} learners.`,
    impactNone: "Publishing the draft would change nothing here.",
    impactRefused: "The draft cannot be published as it is:",
  },
};

const zh: RuleWords = {
  opens: "开放条件",
  always: "从一开始就开放：没有规则。",
  add: "添加条件",
  addGroup: "添加条件组",
  addFirst: "添加规则",
  remove: "移除",
  negate: "取反",
  hide: "不满足时隐藏",
  unwrapNot: "去掉“取反”",
  unwrapHide: "显示为锁定，并说明原因",
  not: "以下不成立",
  hideWhile: "隐藏（不只是锁定），除非",
  up: "上移",
  down: "下移",
  about: "条件",
  item: "内容项",
  count: "数量",
  unknown: "这一部分无法用句子表示，会原样保留。",
  missing: "由导入程序写入：课程中没有规则所要求的内容，永远不成立。",
  asJson: "以 JSON 显示",
  jsonBad: "这不是规则。保留最后一个有效的规则。",
  apply: "使用此规则",
  atLeast: "至少",
  below: "且低于",
  percent: "%",
  days: "天",
  when: "日期和时间",
  of: "，范围：",
  addItem: "添加内容项",
  removeItem: (title) => `移除 ${title}`,
  gone: (id) => `${id}（不在课程中）`,
  cohort: "班组",
  cohortOne: "属于班组",
  cohortSome: "属于其中一个班组",
  cohortAny: "属于任意班组",
  cohortNames: "班组名称，用逗号分隔",
  field: "资料字段",
  value: "值",
  course: "课程短名",
  group: { all: "以下全部成立", any: "以下任一成立", at_least: "以下至少若干项成立" },
  operator: {
    completed: "已完成",
    score: "的得分",
    state: "的状态",
    attempted: "已开始",
    viewed: "已打开",
    submitted: "已作答",
    points: "的分数",
    after: "完成后已过若干天",
    progress: "若干内容项的完成比例",
    average: "若干内容项的平均分",
    total: "课程总分",
    previous: "前一项的状态",
    from: "到达此日期之后",
    until: "在此日期之前",
    after_enrollment: "加入课程后已过若干天",
    cohort: "学员属于班组",
    profile: "资料字段",
    course_completed: "已完成另一门课程",
    missing: "课程中没有的内容",
  },
  state: { incomplete: "未完成", complete: "完成", passed: "通过", failed: "未通过" },
  profile: {
    contains: "包含",
    does_not_contain: "不包含",
    is_equal_to: "等于",
    starts_with: "开头是",
    ends_with: "结尾是",
    is_empty: "为空",
    is_not_empty: "不为空",
  },
  keeps: "开放之后",
  keepsCourse: "按课程设置",
  keepsYes: "保持开放",
  keepsNo: "规则不成立时重新锁定，并按最新得分计算",
  say: {
    open: (rule) => `开放条件：${rule}。`,
    join: {
      all: (parts) => `全部：${parts}`,
      any: (parts) => `任一：${parts}`,
      at_least: (parts, count) => `至少 ${count} 项：${parts}`,
    },
    between: "；",
    not: (part) => `并非（${part}）`,
    hide: (part) => `${part}（此前隐藏）`,
    unknown: "只能以 JSON 显示的部分",
    range: (min, below, unit) =>
      min === undefined && below === undefined
        ? "存在"
        : [min === undefined ? "" : `至少 ${min}${unit}`, below === undefined ? "" : `低于 ${below}${unit}`]
            .filter(Boolean)
            .join("且"),
    completed: (item) => `${item} 已完成`,
    attempted: (item) => `${item} 已开始`,
    viewed: (item) => `${item} 已打开`,
    submitted: (item) => `${item} 已作答`,
    score: (item, range) => `${item} 的得分${range}`,
    points: (item, range) => `${item} 的分数${range}`,
    state: (item, states) => `${item} 为${states}`,
    after: (item, days) => `${item} 完成已过 ${days} 天`,
    progress: (of, percent) => `${of} 完成 ${percent} %`,
    average: (of, range) => `${of} 的平均分${range}`,
    total: (range) => `课程总分${range}`,
    previous: (states) => `前一项为${states}`,
    from: (instant) => `${instant} 之后`,
    until: (instant) => `${instant} 之前`,
    afterEnrollment: (days) => `加入课程已过 ${days} 天`,
    cohort: (name) => `学员属于 ${name}`,
    cohortAnyOf: (names) => `学员属于 ${names} 之一`,
    cohortAny: "学员属于任意班组",
    profile: (field, op, value) => `${field} ${op}${value === "" ? "" : `“${value}”`}`,
    courseCompleted: (course) => `已完成课程 ${course}`,
    missing: (name) => `${name}（课程中没有）`,
    or: "或",
  },
  preview: {
    title: "对谁开放",
    lead: "五名虚构学员。改变他们做过的事，看看什么会开放。",
    learner: (number) => `学员 ${number}`,
    opens: "开放",
    locked: "锁定",
    hidden: "隐藏",
    states: { none: "无", viewed: "已打开", started: "已开始", failed: "未通过", passed: "完成" },
    stateOf: (item) => `对 ${item} 做过的事`,
    scoreOf: (item) => `${item} 的得分（百分比）`,
    now: "当前时间",
    nowHint: "空：此刻。",
    enrolled: "加入后的天数",
    loading: "正在加载规则引擎……",
    failed: "无法加载引擎。",
    unreadable: "规则的一部分不是规则，因此无法试算。",
    nothing: "规则不要求学员做任何事。",
    more: (count) => `规则还要求另外 ${count} 项，此处不显示。`,
    inCohort: (name) => `属于 ${name}`,
    fieldOf: (name) => `资料：${name}`,
    courseDone: (slug) => `已完成 ${slug}`,
    classTitle: "真实班级",
    classNow: (open, seen) => `在已发布的版本中，${seen} 名学员中有 ${open} 名现在可以打开：`,
    classMore: "还有更多学员。",
    classNone: "现在没有人可以打开。",
    classUnpublished: "尚未发布，还没有学员拥有它。",
    ask: "查询发布后会有什么变化",
    asking: "正在查询……",
    impact: (gain, lose, learners) => `发布草稿将对 ${learners} 名学员中的 ${gain} 名开放，对 ${lose} 名锁定。`,
    impactNone: "发布草稿不会改变此项。",
    impactRefused: "草稿目前无法发布：",
  },
};

export function useRuleWords(): RuleWords {
  return useLanguage() === "zh" ? zh : en;
}

/** For tests, and for whoever knows the language already. */
export const RULE_WORDS = { en, zh };
