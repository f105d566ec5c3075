import { describe, expect, it } from "vitest";
import { archiveFiles } from "../../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../../src/courses/importers/archive/source.ts";
import { questionsOf } from "../../../../src/courses/importers/cartridge/qti.ts";
import { importCourse } from "../../../../src/courses/importers/format.ts";
import { questionsOf as olxQuestions } from "../../../../src/courses/importers/olx/answers.ts";
import { PRAIRIELEARN } from "../../../../src/courses/importers/prairielearn/index.ts";
import { readXml } from "../../../../src/courses/importers/xml.ts";
import { judge } from "../../../../src/unlock/judge.ts";
import { zipOf } from "../../../support/courses/archives.ts";
import { backupOf, importedBackup } from "../../../support/courses/moodle-backup.ts";

const xml = (text: string) => readXml({ path: "q.xml", chunks: [new TextEncoder().encode(text)] });

const bank = (rows: string) =>
  `<question_categories><question_category id="1">${rows}</question_category></question_categories>`;
const answers = (...texts: [string, string, number][]) =>
  `<answers>${texts.map(([id, text, fraction]) => `<answer id="${id}"><answertext>${text}</answertext><fraction>${fraction}</fraction></answer>`).join("")}</answers>`;
const shortAnswer = (id: number, usecase: number, given: string) =>
  `<question id="${id}"><qtype>shortanswer</qtype><questiontext>&lt;p&gt;Capital?&lt;/p&gt;</questiontext>
   <plugin_qtype_shortanswer_question>${given}<shortanswer id="1"><usecase>${usecase}</usecase></shortanswer></plugin_qtype_shortanswer_question></question>`;
const numerical = (id: number, rest: string) =>
  `<question id="${id}"><qtype>numerical</qtype><questiontext>How many?</questiontext><plugin_qtype_numerical_question>
   ${answers(["7", "2.5", 1], ["8", "*", 0])}<numerical_records><numerical_record id="1"><answer>7</answer><tolerance>0.1</tolerance></numerical_record></numerical_records>${rest}</plugin_qtype_numerical_question></question>`;

/** Quizzes of one question each, by the ids of these. */
async function quizzes(rows: string, slots: Record<number, string>) {
  const ids = Object.keys(slots).map(Number);
  const files = backupOf(
    "4.5.6",
    [{ id: 1, number: 0, sequence: ids }],
    ids.map((id) => ({
      id,
      section: 1,
      kind: "quiz",
      own: `<question_instances>${slots[id]}</question_instances>`,
    })),
  );
  return importedBackup({ ...files, "questions.xml": bank(rows) });
}
const asks = (id: number) => `<question_instance id="9"><questionid>${id}</questionid></question_instance>`;

describe("questions of Moodle", () => {
  it("for a text or a number bring their keys, text and all, where a quiz asks one; of others the kind and reason is told", async () => {
    const { items, report } = await quizzes(
      [
        shortAnswer(1, 0, answers(["1", "Bern", 1], ["2", "Berne", 1], ["3", "Basel", 0])),
        shortAnswer(2, 1, answers(["1", "B*", 1])),
        shortAnswer(3, 0, answers(["1", "Bern", 1], ["2", "Swiss", 0.5])),
        numerical(4, ""),
        numerical(5, "<numerical_units><numerical_unit id='1'><unit>kg</unit></numerical_unit></numerical_units>"),
        "<question id='6'><qtype>multichoice</qtype></question>",
      ].join(""),
      {
        11: asks(1),
        12: asks(2),
        13: asks(3),
        14: asks(4),
        15: asks(5),
        16: asks(6),
        17: asks(1) + asks(4),
        18: asks(77),
      },
    );
    expect(items.get("A11")).toMatchObject({
      answer: { kind: "exact", values: ["Bern", "Berne"], case_sensitive: false },
      content: { en: "Capital?" },
    });
    expect(items.get("A14")).toMatchObject({ answer: { kind: "numeric", value: 2.5, tolerance: 0.1 } });
    for (const name of ["A12", "A13", "A15", "A16", "A17", "A18"]) expect(items.get(name)).not.toHaveProperty("answer");
    const told = report.content.questions.map(({ kind, judged, count }) => `${kind} ${judged} ${count}`);
    expect(told).toEqual([
      "shortanswer here 1",
      "shortanswer elsewhere 1",
      "shortanswer elsewhere 1",
      "numerical here 1",
      "numerical elsewhere 1",
      "multichoice elsewhere 1",
      "shortanswer elsewhere 1",
      "numerical elsewhere 1",
      "unknown elsewhere 1",
    ]);
    expect(report.content.questions.filter(({ judged, why }) => (judged === "here") !== (why === null))).toEqual([]);
  });

  it("since 4.0 are found by their entry, in its last version", async () => {
    const version = (id: number, text: string) =>
      `<question_version><questions>${shortAnswer(id, 0, answers(["1", text, 1]))}</questions></question_version>`;
    const { items } = await quizzes(
      `<question_bank_entries><question_bank_entry id="5"><question_versions>${version(1, "old")}${version(2, "new")}</question_versions></question_bank_entry></question_bank_entries>`,
      {
        11: "<question_instance id='1'><question_reference id='2'><questionbankentryid>5</questionbankentryid></question_reference></question_instance>",
      },
    );
    expect(items.get("A11")).toMatchObject({ answer: { values: ["new"] } });
  });
});

describe("questions in QTI", () => {
  const item = (kind: string, conditions: string, blanks = 1) => `<questestinterop><assessment><section><item ident="i">
    <itemmetadata><qtimetadata><qtimetadatafield><fieldlabel>question_type</fieldlabel><fieldentry>${kind}</fieldentry></qtimetadatafield></qtimetadata></itemmetadata>
    <presentation><material><mattext texttype="text/html">Q</mattext></material>${Array.from({ length: blanks }, (_, n) => `<response_str ident="r${n}"/>`).join("")}</presentation>
    <resprocessing>${conditions}</resprocessing></item></section></assessment></questestinterop>`;
  const right = (inner: string, score = 100) =>
    `<respcondition><conditionvar>${inner}</conditionvar><setvar action="Set" varname="SCORE">${score}</setvar></respcondition>`;
  const [equal, gte, lte] = ["varequal", "vargte", "varlte"].map(
    (name) =>
      (value: string, more = "") =>
        `<${name} respident="r0"${more}>${value}</${name}>`,
  ) as [(value: string, more?: string) => string, (value: string) => string, (value: string) => string]; // SAFETY: three names, three functions.

  it("have keys where they are a text or a number within an even range", () => {
    const key = (text: string) => questionsOf(xml(text))[0];
    expect(key(item("short_answer_question", right(equal("Bern") + equal("Berne"))))).toMatchObject({
      key: { kind: "exact", values: ["Bern", "Berne"], case_sensitive: false },
      text: "Q",
    });
    expect(key(item("cc.fib.v0p1", right(equal("pH", ' case="Yes"'))))).toMatchObject({
      key: { case_sensitive: true },
    });
    const range = `<or>${equal("4")}<and>${gte("3.9")}${lte("4.1")}</and></or>`;
    const numeric = key(item("numerical_question", right(range)))?.key;
    expect(numeric).toMatchObject({ kind: "numeric", value: 4 });
    if (numeric == null) throw new Error("no key");
    expect(["3.9", "4.1", "3.89", "4.11"].map((answer) => judge(numeric, answer).passed)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it("have none where the answer is chosen, partly right, in several blanks, or in an uneven range", () => {
    const uneven = `<or>${equal("4")}<and>${gte("3")}${lte("4.1")}</and></or>`;
    for (const text of [
      item("multiple_choice_question", right(equal("a"))),
      item("short_answer_question", right(equal("a")) + right(equal("b"), 50)),
      item("fill_in_multiple_blanks_question", right(equal("a"))),
      item("short_answer_question", right(equal("a")), 2),
      item("numerical_question", right(uneven)),
      item("cc.pattern_match.v0p1", right(equal("a"))),
    ]) {
      const [question] = questionsOf(xml(text));
      expect(question?.key, text).toBeNull();
      expect(question?.why, text).not.toBeNull();
    }
  });
});

it("problems of Open edX say why they have no key", () => {
  const why = (response: string) => olxQuestions(xml(`<problem>${response}</problem>`))[0];
  expect(why('<numericalresponse answer="5"/>')).toMatchObject({ key: { kind: "numeric", value: 5, tolerance: 0 } });
  expect(why('<numericalresponse answer="[5,7)"/>')?.why).toContain("not a decimal number");
  expect(
    why('<numericalresponse answer="5"><responseparam type="tolerance" default="x"/></numericalresponse>')?.key,
  ).toBeNull();
  expect(why('<stringresponse answer="a.*" type="regexp"/>')?.why).toContain("pattern");
  expect(why("<choiceresponse/>")?.why).toContain("typed");
});

it("questions of PrairieLearn have keys where no program draws their values", async () => {
  const question = (html: string, program = false) => ({ html, program });
  const asked = {
    number: question(
      '<p>How much?</p><pl-number-input answers-name="a" correct-answer="200" rtol="0.1" atol="0"></pl-number-input>',
    ),
    whole: question('<pl-integer-input answers-name="a" correct-answer="7">'),
    text: question('<pl-string-input answers-name="a" correct-answer="Bern" ignore-case="true">'),
    drawn: question('<p>{{params.x}}</p><pl-integer-input answers-name="a" correct-answer="7">', true),
    chosen: question(
      '<pl-multiple-choice answers-name="a"><pl-answer correct="true">x</pl-answer></pl-multiple-choice>',
    ),
    digits: question('<pl-number-input answers-name="a" correct-answer="2" comparison="sigfig">'),
  };
  const files = Object.entries(asked).flatMap(([name, { html, program }]) => [
    [`questions/${name}/info.json`, JSON.stringify({ title: name })],
    [`questions/${name}/question.html`, html],
    ...(program ? [[`questions/${name}/server.py`, "def generate(data): pass"]] : []),
  ]);
  const assessment = {
    type: "Homework",
    number: "1",
    allowAccess: [{}],
    zones: [{ questions: Object.keys(asked).map((id) => ({ id })) }],
  };
  const zip = zipOf({
    "infoCourse.json": '{"name": "CS", "timezone": "UTC"}',
    "courseInstances/i/infoCourseInstance.json": '{"allowAccess": [{}]}',
    "courseInstances/i/assessments/a/infoAssessment.json": JSON.stringify(assessment),
    ...Object.fromEntries(files),
  });
  const imported = await importCourse(PRAIRIELEARN, archiveFiles(blobSource(new Blob([zip]), "c.zip")), {
    course: "c",
  });
  if (!imported.ok) throw new Error("refused");
  const problems = imported.value.document.chapters[0]?.problems ?? [];
  const keys = Object.fromEntries(problems.map(({ title, answer }) => [title.en, answer ?? null]));
  expect(keys).toEqual({
    number: { kind: "numeric", value: 200, tolerance: 20 },
    whole: { kind: "numeric", value: 7, tolerance: 0 },
    text: { kind: "exact", values: ["Bern"], case_sensitive: false },
    drawn: null,
    chosen: null,
    digits: null,
  });
  expect(problems[0]?.content).toEqual({ en: "How much?" });
  expect(problems[3]?.content).toBeNull();
});
