import { useLanguage } from "./index.ts";

// Learning records of other programs, as the operator's page shows them.

const en = {
  title: "Learning records",
  lead: "Statements that other programs send to courses (xAPI), and why one was refused.",
  none: "No course has a store of learning records.",
  course: "Course",
  state: "State",
  on: "on",
  off: "off",
  statements: "Statements",
  stored: "Last stored",
  refused: "Last refused",
  never: "never",
  look: "Newest",
  newest: (course: string) => `Newest statements of ${course}`,
  verb: "Verb",
  activity: "Activity",
  fact: "What became of it",
  noFact: "makes no fact",
  voided: "voided",
  nothing: "No statement has come yet.",
};
type RecordsText = typeof en;

const zh: RecordsText = {
  title: "学习记录",
  lead: "其他程序发送到课程的语句（xAPI），以及被拒绝的原因。",
  none: "没有课程开启学习记录。",
  course: "课程",
  state: "状态",
  on: "开启",
  off: "关闭",
  statements: "语句数",
  stored: "最近存储",
  refused: "最近拒绝",
  never: "从未",
  look: "最新语句",
  newest: (course) => `${course} 的最新语句`,
  verb: "动词",
  activity: "活动",
  fact: "结果",
  noFact: "不产生事实",
  voided: "已作废",
  nothing: "还没有收到语句。",
};

/** The texts of this part in the language of the page. */
export function useRecordsText(): RecordsText {
  return useLanguage() === "zh" ? zh : en;
}
