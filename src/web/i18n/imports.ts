import { useLanguage } from "./index.ts";

type ImportState = "queued" | "reading" | "checking" | "done" | "failed";

type PeopleKind = "roster" | "people";
type PeopleState = "queued" | "reading" | "done" | "failed";

/** The results for people and for what they did, by their names in the API. */
const PEOPLE_COUNTS: Readonly<Record<string, { en: string; zh: string }>> = {
  learners: { en: "learners in the archive", zh: "课程包中的学员" },
  facts: { en: "things they did", zh: "学习记录" },
  enrolls: { en: "come along", zh: "将会加入" },
  enrolled: { en: "are in the course", zh: "已在课程中" },
  changes: { en: "are in the course, and change", zh: "已在课程中，将有变化" },
  changed: { en: "were in the course, and changed", zh: "原已在课程中，有变化" },
  unchanged: { en: "were in the course, unchanged", zh: "原已在课程中，没有变化" },
  no_account: { en: "have no account here", zh: "这里没有账号" },
  unverified: { en: "have not verified their address", zh: "邮箱尚未验证" },
  no_address: { en: "have no address in the archive", zh: "课程包中没有邮箱" },
  same_address: { en: "share an address with another", zh: "与他人共用邮箱" },
  not_matched: { en: "stay behind: no verified account", zh: "未导入：没有已验证的账号" },
  invalid: { en: "stay behind: their row breaks a rule", zh: "未导入：数据不符合规则" },
  facts_recorded: { en: "facts recorded", zh: "已记录" },
  facts_unchanged: { en: "facts known already", zh: "原已有的记录" },
  facts_waiting: { en: "facts that wait for their item", zh: "等待项目出现的记录" },
  facts_superseded: { en: "facts taken back here since", zh: "此处已撤销的记录" },
  facts_not_matched: { en: "facts of people who stay behind", zh: "未导入人员的记录" },
};

/** The texts of the pages for importing courses, in English. */
const enImports = {
  importTitle: "Import a course",
  importLead:
    "From another platform, with its unlock rules. The result is a draft. Nothing is published automatically.",
  importDrop: "Drop an archive here, or choose one. At most 200 MB.",
  importFrom: "Platform",
  importSlugHint: "A new course, or one of yours. The import then becomes its next version.",
  importBegin: "Import",
  importSending: "Sending …",
  importSent: (done: number, size: number) => `${done.toFixed(0)} of ${size.toFixed(0)} MB sent`,
  imports: "Imports of the last month",
  noImports: "Nothing has been imported yet.",
  importState: (state: ImportState) =>
    ({
      queued: "Waiting",
      reading: "Reading the archive",
      checking: "Checking the course",
      done: "Done: there is a draft",
      failed: "Failed",
    })[state],
  importRead: (done: number, size: number) => `${done.toFixed(1)} of ${size.toFixed(1)} MB read`,
  megabytes: (count: number) => `${count.toFixed(1)} MB`,
  importNothingStored: "Nothing was stored",
  importDraft: (version: number) => `Version ${version} is a draft`,
  importDraftHint:
    "Learners do not see it yet. Read how its rules were imported, then publish it or keep it as a draft.",
  importedCourse: "The course and its unlock rules",
  importReport: "Result of the import",
  importRule: "Rule in the source",
  importCount: "Number",
  dropDraft: "Delete this draft",
  dropDraftSure: (version: number) => `Delete version ${version} permanently, with its texts and files?`,
  dropImport: "Remove this import",
  stopImport: "Stop this import",
  dropImportSure: "Remove it permanently? The archive and its report are removed. A draft stays.",
  importPeople: "People of the archive",
  importPeopleHint:
    "Learners whose verified e-mail address belongs to an account here can be enrolled, with their dates, cohorts and progress.",
  importPeopleLook: "Show the people",
  importPeopleBring: "Enroll them",
  importPeopleWhat: "Kind",
  importPeopleState: (kind: PeopleKind, state: PeopleState, done: number, total: number) => {
    const what = kind === "roster" ? "Looking" : "Enrolling";
    if (state === "queued") return `${what}: waiting`;
    if (state === "reading") return kind === "roster" ? "Looking …" : `Enrolling: ${done} of ${total}`;
    return `${what}: ${state === "done" ? "done" : "failed"}`;
  },
  importPeopleCount: (what: string) => PEOPLE_COUNTS[what]?.en ?? what,
  verdict: (verdict: "exact" | "approximated" | "unmapped") =>
    ({ exact: "✓ exact", approximated: "≈ approximated", unmapped: "– not mapped" })[verdict],
};

/** The same in Chinese. */
const zhImports: typeof enImports = {
  importTitle: "导入课程",
  importLead: "从其他平台导入课程及其解锁条件。导入的结果是草稿，不会自动发布。",
  importDrop: "把课程包拖到这里，或选择文件。最大 200 MB。",
  importFrom: "来源",
  importSlugHint: "可以是新课程，也可以是你的课程：那样会成为它的下一版。",
  importBegin: "导入",
  importSending: "正在上传……",
  importSent: (done, size) => `已上传 ${done.toFixed(0)} / ${size.toFixed(0)} MB`,
  imports: "最近一个月的导入",
  noImports: "还没有导入过。",
  importState: (state) =>
    ({
      queued: "等待处理",
      reading: "正在读取课程包",
      checking: "正在检查课程",
      done: "完成：已有草稿",
      failed: "失败",
    })[state],
  importRead: (done, size) => `已读取 ${done.toFixed(1)} / ${size.toFixed(1)} MB`,
  megabytes: (count) => `${count.toFixed(1)} MB`,
  importNothingStored: "没有保存任何内容",
  importDraft: (version) => `第 ${version} 版是草稿`,
  importDraftHint: "目前没有人能看到它。先查看解锁条件的导入结果，再决定发布或保留。",
  importedCourse: "课程与解锁条件",
  importReport: "导入结果",
  importRule: "来源中的规则",
  importCount: "数量",
  dropDraft: "删除这个草稿",
  dropDraftSure: (version) => `确定永久删除第 ${version} 版及其内容和文件吗？`,
  dropImport: "删除这次导入",
  stopImport: "停止导入",
  dropImportSure: "确定吗？课程包和导入结果会被删除，草稿会保留。",
  importPeople: "课程包中的人员",
  importPeopleHint: "如果这里有账号使用其已验证的邮箱，学员会连同日期、分组和学习记录一起导入。",
  importPeopleLook: "查看有哪些人",
  importPeopleBring: "让他们加入课程",
  importPeopleWhat: "内容",
  importPeopleState: (kind, state, done, total) => {
    const what = kind === "roster" ? "查看" : "加入课程";
    if (state === "queued") return `${what}：等待处理`;
    if (state === "reading") return kind === "roster" ? "正在查看……" : `正在加入：${done} / ${total}`;
    return `${what}：${state === "done" ? "完成" : "失败"}`;
  },
  importPeopleCount: (what) => PEOPLE_COUNTS[what]?.zh ?? what,
  verdict: (verdict) => ({ exact: "✓ 完全一致", approximated: "≈ 近似", unmapped: "– 未能对应" })[verdict],
};

/** The texts of imports in the language of the page: only pages that are loaded on demand have them. */
export function useImportText(): typeof enImports {
  return useLanguage() === "zh" ? zhImports : enImports;
}
