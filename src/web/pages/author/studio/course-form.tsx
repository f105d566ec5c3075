import { useLanguage } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { FieldFindings } from "./field-findings.tsx";
import { CheckField, Group, LocalizedField, SelectField, WhenField } from "./fields.tsx";
import type { ItemFinding } from "./place-findings.ts";
import { titleIn, withField } from "./text.ts";
import { type Fields, isFields, itemsOf, type Tree } from "./tree.ts";

const SWITCHES = [
  ["open_enrollment", true],
  ["sequential", false],
  ["problems_follow_chapter", true],
  ["sticky", true],
] as const;
/** Up to this many items, the tutorial is chosen by its title. */
const MAX_CHOICE = 500;

/** Chosen for the course as a whole: no item has such an id. */
const WHOLE = "*";

/** What a certificate is for, as the choice shows it: nothing, the course, or the id of an item. */
function certificateIn(value: unknown): string {
  if (!isFields(value)) return "";
  return typeof value.item === "string" ? value.item : value.for === "course" ? WHOLE : "";
}

function certificateOf(chosen: string) {
  if (chosen === "") return undefined;
  return chosen === WHOLE ? { for: "course" } : { for: "item", item: chosen };
}

/** The fields of the course as a whole. */
export function CourseForm(props: {
  tree: Tree;
  findings: readonly ItemFinding[];
  onField: (name: string, change: (fields: Fields) => Fields) => void;
}) {
  const { tree, findings, onField } = props;
  const text = useStudioText();
  const language = useLanguage();
  const { fields } = tree;
  const options = isFields(fields.options) ? fields.options : {};
  const setOption = (name: string, value: unknown) =>
    onField(`options ${name}`, (now) => {
      const next = withField(isFields(now.options) ? now.options : {}, name, value);
      return { ...now, options: next };
    });
  const tutorial = typeof options.tutorial === "string" ? options.tutorial : "";
  const certificate = certificateIn(options.certificate);
  const items = [...itemsOf(tree)]
    .slice(0, MAX_CHOICE)
    .flatMap(({ fields: { id, title } }) =>
      typeof id === "string" ? [[id, titleIn(title, language) || id] as const] : [],
    );
  /** What is chosen is among the choices, also when no item has this id (any more). */
  const withChosen = (chosen: string) =>
    items.some(([id]) => id === chosen) || chosen === "" ? items : [[chosen, chosen] as const, ...items];
  return (
    <div className="studio-form">
      <FieldFindings findings={findings} isNamed />
      <LocalizedField
        label={text.title}
        value={fields.title}
        field="title"
        onChange={(title) => onField("title", (now) => withField(now, "title", title))}
      />
      <Group title={text.groupCourse}>
        {SWITCHES.map(([name, normal]) => (
          <CheckField
            key={name}
            label={text.options[name]}
            value={typeof options[name] === "boolean" ? options[name] : normal}
            onChange={(next) => setOption(name, next)}
          />
        ))}
        <SelectField
          label={text.tutorial}
          hint={text.tutorialHint}
          value={tutorial}
          options={[["", text.noTutorial], ...withChosen(tutorial)]}
          onChange={(next) => setOption("tutorial", next === "" ? null : next)}
        />
        <SelectField
          label={text.certificate}
          hint={text.certificateHint}
          value={certificate}
          options={[
            ["", text.noTutorial],
            [WHOLE, text.certificateCourse],
            ...withChosen(certificate === WHOLE ? "" : certificate),
          ]}
          onChange={(next) => setOption("certificate", certificateOf(next))}
        />
        <WhenField
          label={text.starts}
          value={options.starts}
          mayCount={false}
          onChange={(next) => setOption("starts", next)}
        />
        <WhenField
          label={text.ends}
          value={options.ends}
          mayCount={false}
          onChange={(next) => setOption("ends", next)}
        />
      </Group>
    </div>
  );
}
