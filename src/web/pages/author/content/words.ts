import { useLanguage } from "../../../i18n/index.ts";
import type { QuestionKind } from "./question-model.ts";

/** The texts of the content editor. */
export interface ContentWords {
  text: string;
  language: string;
  en: string;
  zh: string;
  hint: string;
  preview: string;
  previewEmpty: string;
  tools: string;
  bold: string;
  italic: string;
  link: string;
  table: string;
  code: string;
  formula: string;
  callout: string;
  file: string;
  drop: string;
  uploading: (name: string) => string;
  uploadFailed: (name: string) => string;
  question: string;
  kind: string;
  kinds: Record<QuestionKind, string>;
  options: string;
  option: (number: number) => string;
  optionText: (number: number) => string;
  right: (number: number) => string;
  rightOrder: string;
  addOption: string;
  removeOption: (number: number) => string;
  moveUp: (number: number) => string;
  moveDown: (number: number) => string;
  shuffle: string;
  partial: string;
  judged: string;
  byHand: string;
  byKey: string;
  keyKinds: Record<"exact" | "numeric" | "regex", string>;
  exactValues: string;
  caseSensitive: string;
  pattern: string;
  value: string;
  tolerance: string;
  tolerancePercent: string;
  unit: string;
  unitRequired: string;
  otherUnits: string;
  otherUnitsHint: string;
  maxFiles: string;
  maxSize: string;
  endings: string;
  rubric: string;
  rubricHint: string;
  criterion: (number: number) => string;
  points: (number: number) => string;
  addCriterion: string;
  removeCriterion: (number: number) => string;
  levelsKept: string;
}

const en: ContentWords = {
  text: "Text in Markdown",
  language: "Language of the text",
  en: "English",
  zh: "中文",
  hint: "Drop or paste pictures and files. Formulas stand between dollars: $x^2$. The preview shows what learners see.",
  preview: "Preview",
  previewEmpty: "Nothing is written yet.",
  tools: "Insert",
  bold: "Bold",
  italic: "Italic",
  link: "Link",
  table: "Table",
  code: "Code",
  formula: "Formula",
  callout: "Callout",
  file: "Picture or file",
  drop: "Drop the file here",
  uploading: (name) => `Uploading ${name} …`,
  uploadFailed: (name) => `${name} was not uploaded.`,
  question: "Question",
  kind: "What learners answer with",
  kinds: {
    any: "any text",
    choice: "one of several options",
    choices: "several options",
    ordering: "an order",
    text: "a short text",
    number: "a number",
    file: "files",
  },
  options: "Options",
  option: (number) => `Option ${number}`,
  optionText: (number) => `Text of option ${number}`,
  right: (number) => `Option ${number} is right`,
  rightOrder: "Write the options in the right order. Learners see them mixed.",
  addOption: "Add an option",
  removeOption: (number) => `Remove option ${number}`,
  moveUp: (number) => `Move option ${number} up`,
  moveDown: (number) => `Move option ${number} down`,
  shuffle: "Each learner sees an order of their own",
  partial: "What is right in part gets a part of the score",
  judged: "How it is judged",
  byHand: "by a person",
  byKey: "by a key",
  keyKinds: { exact: "by right texts", numeric: "by a number", regex: "by a pattern" },
  exactValues: "Right texts, one a line",
  caseSensitive: "Upper and lower case matter",
  pattern: "Pattern (RE2) for the whole answer",
  value: "Right number",
  tolerance: "Tolerance",
  tolerancePercent: "Tolerance, percent",
  unit: "Unit",
  unitRequired: "An answer without a unit is wrong",
  otherUnits: "Other units, one a line",
  otherUnitsHint: "Such as “cm = 0.01”: a number in cm times 0.01 is in the unit above.",
  maxFiles: "Files at most",
  maxSize: "Largest file, MB",
  endings: "Endings that are taken, such as pdf, docx. Empty: all",
  rubric: "Rubric",
  rubricHint: "Criteria with points. Without any, a score is given as a whole.",
  criterion: (number) => `Criterion ${number}`,
  points: (number) => `Points of criterion ${number}`,
  addCriterion: "Add a criterion",
  removeCriterion: (number) => `Remove criterion ${number}`,
  levelsKept: "Its levels are kept.",
};

const zh: ContentWords = {
  text: "Markdown 文本",
  language: "文本语言",
  en: "English",
  zh: "中文",
  hint: "可拖入或粘贴图片和文件。公式写在美元符号之间：$x^2$。预览显示学员看到的内容。",
  preview: "预览",
  previewEmpty: "还没有内容。",
  tools: "插入",
  bold: "粗体",
  italic: "斜体",
  link: "链接",
  table: "表格",
  code: "代码",
  formula: "公式",
  callout: "提示框",
  file: "图片或文件",
  drop: "把文件拖到这里",
  uploading: (name) => `正在上传 ${name} …`,
  uploadFailed: (name) => `${name} 未能上传。`,
  question: "题目",
  kind: "学员如何作答",
  kinds: {
    any: "任意文本",
    choice: "单选",
    choices: "多选",
    ordering: "排序",
    text: "短文本",
    number: "数值",
    file: "文件",
  },
  options: "选项",
  option: (number) => `选项 ${number}`,
  optionText: (number) => `选项 ${number} 的文本`,
  right: (number) => `选项 ${number} 正确`,
  rightOrder: "请按正确顺序填写。学员看到的是打乱的顺序。",
  addOption: "添加选项",
  removeOption: (number) => `移除选项 ${number}`,
  moveUp: (number) => `上移选项 ${number}`,
  moveDown: (number) => `下移选项 ${number}`,
  shuffle: "每位学员看到不同的顺序",
  partial: "部分正确得部分分",
  judged: "如何评判",
  byHand: "人工评分",
  byKey: "按答案评判",
  keyKinds: { exact: "按正确文本", numeric: "按数值", regex: "按模式" },
  exactValues: "正确文本，每行一个",
  caseSensitive: "区分大小写",
  pattern: "匹配整个答案的模式（RE2）",
  value: "正确数值",
  tolerance: "允许误差",
  tolerancePercent: "允许误差（百分比）",
  unit: "单位",
  unitRequired: "没有单位的答案算错",
  otherUnits: "其他单位，每行一个",
  otherUnitsHint: "例如“cm = 0.01”：以 cm 为单位的数乘以 0.01 即为上述单位。",
  maxFiles: "最多文件数",
  maxSize: "单个文件上限（MB）",
  endings: "接受的扩展名，如 pdf, docx。空：全部",
  rubric: "评分标准",
  rubricHint: "带分值的标准。没有时给出总分。",
  criterion: (number) => `标准 ${number}`,
  points: (number) => `标准 ${number} 的分值`,
  addCriterion: "添加标准",
  removeCriterion: (number) => `移除标准 ${number}`,
  levelsKept: "其等级会保留。",
};

export function useContentWords(): ContentWords {
  return useLanguage() === "zh" ? zh : en;
}
