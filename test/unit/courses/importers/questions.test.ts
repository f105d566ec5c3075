import { describe, expect, it } from "vitest";
import { answerKeySchema } from "../../../../src/courses/document.ts";
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
  it("with a text or a number have their answer keys where a quiz asks one of them; for others the kind and the reason are reported", async () => {
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

  it("with options have them, where an answer is right or wrong here too", async () => {
    const chosen = (id: number, settings: string, ...texts: [string, string, number][]) =>
      `<question id="${id}"><qtype>multichoice</qtype><questiontext>Which?</questiontext><plugin_qtype_multichoice_question>
       ${answers(...texts)}<multichoice id="1">${settings}</multichoice></plugin_qtype_multichoice_question></question>`;
    const [one, several] = ["<single>1</single><shuffleanswers>1</shuffleanswers>", "<single>0</single>"];
    const third = 0.3333333;
    const { items, report } = await quizzes(
      [
        chosen(
          1,
          one,
          ["1", "&lt;p&gt;Two &lt;b&gt;and&lt;/b&gt; two&lt;/p&gt;", 0],
          ["2", "Four", 1],
          ["3", "Five", -0.25],
        ),
        chosen(2, one, ["1", "Nearly", 0.5], ["2", "Four", 1]),
        chosen(3, several, ["1", "A", third], ["2", "B", third], ["3", "C", third], ["4", "D", -third]),
        chosen(4, several, ["1", "A", 0.5], ["2", "B", 0.5], ["3", "C", 0]),
        chosen(5, several, ["1", "A", 0.5], ["2", "B", 0.5], ["3", "C", -1]),
        chosen(6, one, ["1", "Alone", 1]),
        chosen(7, one, ["1", "", 0], ["2", "Four", 1]),
        `<question id="8"><qtype>truefalse</qtype><questiontext>Is it?</questiontext><plugin_qtype_truefalse_question>
         ${answers(["1", "True", 0], ["2", "False", 1])}</plugin_qtype_truefalse_question></question>`,
      ].join(""),
      Object.fromEntries(Array.from({ length: 8 }, (_, index) => [11 + index, asks(1 + index)])),
    );
    expect(items.get("A11")).toMatchObject({
      content: { en: "Which?" },
      question: {
        kind: "choice",
        shuffle: true,
        options: [
          { id: "o1", text: { en: "Two **and** two" } },
          { id: "o2", text: { en: "Four" } },
          { id: "o3", text: { en: "Five" } },
        ],
      },
      answer: { kind: "choice", option: "o2" },
    });
    expect(items.get("A13")).toMatchObject({
      question: { kind: "choices", shuffle: false },
      answer: { kind: "choices", options: ["o1", "o2", "o3"], partial: true },
    });
    expect(items.get("A18")).toMatchObject({
      question: { kind: "choice", options: [{ text: { en: "True" } }, { text: { en: "False" } }] },
      answer: { kind: "choice", option: "o2" },
    });
    for (const name of ["A12", "A14", "A15", "A16", "A17"])
      expect(items.get(name), name).not.toHaveProperty("question");
    const why = report.content.questions.flatMap((told) => told.why ?? []);
    expect(why).toHaveLength(5);
    for (const part of ["partly right", "costs nothing", "unequally", "2 to 20 options", "no text"]) {
      expect(why.join("; ")).toContain(part);
    }
    // What is right there is right here, and nothing else.
    const key = answerKeySchema.parse(Reflect.get(items.get("A13") ?? {}, "answer"));
    expect(["o1, o2, o3", "o1, o2", "o1, o2, o3, o4"].map((answer) => judge(key, answer))).toEqual([
      { passed: true, score: 100 },
      { passed: false, score: 66.66 },
      { passed: false, score: 66.66 },
    ]);
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

  it("have answer keys if the answer is a text or a number within an even range", () => {
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

  it("with options have them and their answer keys, as cartridges and Canvas write them", () => {
    const choice = (kind: string, conditions: string) =>
      item(kind, conditions, 0).replace(
        "</presentation>",
        `<response_lid ident="r0"><render_choice>${["a", "b", "c"]
          .map(
            (id) =>
              `<response_label ident="${id}"><material><mattext>Option ${id}</mattext></material></response_label>`,
          )
          .join("")}</render_choice></response_lid></presentation>`,
      );
    const asked = (text: string) => questionsOf(xml(text))[0];
    const options = (...right: string[]) =>
      ["a", "b", "c"].map((id) => ({ html: `Option ${id}`, isRight: right.includes(id) }));
    expect(asked(choice("cc.multiple_choice.v0p1", right(equal("b"))))?.choices).toEqual({
      options: options("b"),
      several: false,
      shuffle: false,
    });
    const both = `<and>${equal("a")}${equal("c")}<not>${equal("b")}</not></and>`;
    expect(asked(choice("cc.multiple_response.v0p1", right(both)))?.choices).toEqual({
      options: options("a", "c"),
      several: true,
      shuffle: false,
    });
    expect(asked(choice("multiple_answers_question", right(both)))?.choices).toMatchObject({ partial: true });
    for (const conditions of [right(equal("a")) + right(equal("b")), right(equal("a"), 50), right("")]) {
      const question = asked(choice("multiple_choice_question", conditions));
      expect(question?.choices, conditions).toBeUndefined();
      expect(question?.why, conditions).not.toBeNull();
    }
  });

  it("have no answer key if they have no options, partial scores, several blanks or an uneven range", () => {
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

it("problems of Open edX without an answer key say why", () => {
  const why = (response: string) => olxQuestions(xml(`<problem>${response}</problem>`), null)[0];
  expect(why('<numericalresponse answer="5"/>')).toMatchObject({ key: { kind: "numeric", value: 5, tolerance: 0 } });
  expect(why('<numericalresponse answer="[5,7)"/>')?.why).toContain("not a decimal number");
  expect(
    why('<numericalresponse answer="5"><responseparam type="tolerance" default="x"/></numericalresponse>')?.key,
  ).toBeNull();
  expect(why('<stringresponse answer="a.*" type="regexp"/>')?.why).toContain("pattern");
  expect(why("<choiceresponse/>")?.why).toContain("elements of their own");
  expect(why("<customresponse/>")?.why).toContain("choices");
  const options = '<choice correct="true">One</choice><choice correct="false">Two<choicehint>No</choicehint></choice>';
  const chosen = (attributes: string, group = "") =>
    why(
      `<multiplechoiceresponse ${attributes}><choicegroup ${group}>${options}</choicegroup></multiplechoiceresponse>`,
    );
  expect(chosen("", 'shuffle="true"')?.choices).toEqual({
    options: [
      { html: "One", isRight: true },
      { html: "Two", isRight: false },
    ],
    several: false,
    shuffle: true,
  });
  expect(chosen('partial_credit="points"')?.why).toContain("partly right");
  expect(chosen("", 'answer-pool="2"')?.why).toContain("at random");
  const marked =
    '<problem><choiceresponse><checkboxgroup><choice correct="true">A <b>B</b></choice><choice correct="true">C</choice></checkboxgroup></choiceresponse></problem>';
  expect(olxQuestions(xml(marked), marked)[0]?.choices).toMatchObject({
    several: true,
    options: [{ html: "A <b>B</b>" }, { html: "C" }],
  });
});

it("questions of PrairieLearn have answer keys where no program makes their values", async () => {
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
    one: question(
      `<p>Which?</p><pl-multiple-choice answers-name="a" fixed-order="true"><pl-answer correct="true">x &lt; y</pl-answer>
       <pl-answer correct="false">$y$</pl-answer></pl-multiple-choice>`,
    ),
    several: question(
      `<pl-checkbox answers-name="a"><pl-answer correct="true">x</pl-answer><pl-answer correct="true">y</pl-answer>
       <pl-answer>z</pl-answer></pl-checkbox>`,
    ),
    some: question(
      `<pl-checkbox answers-name="a" number-answers="2"><pl-answer correct="true">x</pl-answer><pl-answer>y</pl-answer>
       <pl-answer>z</pl-answer></pl-checkbox>`,
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
    one: { kind: "choice", option: "o1" },
    several: { kind: "choices", options: ["o1", "o2"] },
    some: null,
    digits: null,
  });
  expect(problems.find(({ title }) => title.en === "one")).toMatchObject({
    content: { en: "Which?" },
    question: { kind: "choice", shuffle: false, options: [{ id: "o1" }, { id: "o2" }] },
  });
  expect(problems.find(({ title }) => title.en === "several")?.question).toMatchObject({ shuffle: true });
  expect(problems[0]?.content).toEqual({ en: "How much?" });
  expect(problems[3]?.content).toBeNull();
});
