import { useState } from "react";
import { useMessages } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { CompletionField } from "./completion-field.tsx";
import { ContentField } from "./content-slot.tsx";
import { FieldFindings } from "./field-findings.tsx";
import { Group, LocalizedField, NumberField, SelectField, TextField, WhenField } from "./fields.tsx";
import type { ItemFinding } from "./place-findings.ts";
import { RuleField } from "./rule-slot.tsx";
import { withField } from "./text.ts";
import type { Fields, Leaf } from "./tree.ts";

/** Kinds that pages and importers know; authors may write others. */
const KINDS = ["page", "quiz", "assignment", "file", "link", "survey"];
const STATUSES = ["active", "draft", "beta", "deprecated"] as const;
const VISIBILITIES = ["shown", "hidden", "unlisted"] as const;
/** The fields of the form; other fields are listed below it and stay as they are. */
const SHOWN = [
  ..."id title status rule completion kind opens due closes visibility keeps assign_to content".split(" "),
  ..."difficulty question answer rubric problems".split(" "),
];

interface ItemFormProps {
  course: string;
  /** The whole draft. */
  document: unknown;
  leaf: Leaf;
  findings: readonly ItemFinding[];
  onField: (name: string, change: (fields: Fields) => Fields) => void;
  onId: (id: string) => void;
}

/** Everything that a document can say about one item. */
export function ItemForm({ course, document, leaf, findings, onField, onId }: ItemFormProps) {
  const text = useStudioText();
  const messages = useMessages();
  const { fields } = leaf;
  const isChapter = "problems" in leaf;
  const item = typeof fields.id === "string" ? fields.id : "";
  const set = (name: string) => (value: unknown) => onField(name, (now) => withField(now, name, value));
  const said = (...names: string[]) => (
    <FieldFindings findings={findings.filter(({ field }) => names.includes(field))} />
  );
  const others = Object.keys(fields).filter((name) => !SHOWN.includes(name));
  const keeps = fields.keeps === true ? "sticky" : fields.keeps === false ? "live" : "default";
  const keptAs = { default: undefined, sticky: true, live: false };
  return (
    <div className="studio-form">
      <FieldFindings isNamed findings={findings.filter(({ field }) => field === "" || others.includes(field))} />
      <LocalizedField label={text.title} value={fields.title} field="title" onChange={set("title")} />
      {said("title")}
      <IdField key={leaf.key} course={course} id={item} onId={onId} />
      {said("id")}
      <Group title={text.groupContent}>
        <TextField
          label={text.kind}
          hint={text.kindHint(isChapter)}
          list={KINDS}
          value={typeof fields.kind === "string" ? fields.kind : ""}
          onChange={(kind) => set("kind")(kind === "" ? undefined : kind)}
        />
        {said("kind")}
        <ContentField
          key={`content ${leaf.key}`}
          label={text.content}
          fields={fields}
          onChange={(change) => onField("content", change)}
          document={document}
          item={item}
        />
        {said("content", "question", "answer", "rubric")}
      </Group>
      <Group title={text.groupOpens}>
        <RuleField
          key={`rule ${leaf.key}`}
          label={text.rule}
          value={fields.rule}
          onChange={set("rule")}
          document={document}
          item={item}
        />
        {said("rule")}
        <SelectField
          label={text.keeps}
          value={keeps}
          options={(["default", "sticky", "live"] as const).map((each) => [each, text.keptAs[each]] as const)}
          onChange={(next) => set("keeps")(keptAs[next])}
        />
        {said("keeps")}
        {(["opens", "due", "closes"] as const).map((name) => (
          <div key={name}>
            <WhenField label={text[name]} value={fields[name]} onChange={set(name)} />
            {said(name)}
          </div>
        ))}
      </Group>
      <Group title={text.groupDone}>
        <CompletionField
          key={`completion ${leaf.key}`}
          value={fields.completion}
          item={item}
          isChapter={isChapter}
          onChange={set("completion")}
        />
        {said("completion")}
        {isChapter ? null : (
          <>
            <NumberField
              label={text.difficulty}
              hint={text.difficultyHint}
              value={fields.difficulty}
              onChange={set("difficulty")}
            />
            {said("difficulty")}
          </>
        )}
      </Group>
      <Group title={text.groupWho}>
        <SelectField
          label={messages.status}
          value={STATUSES.find((each) => each === fields.status) ?? "active"}
          options={STATUSES.map((each) => [each, text.statuses[each]] as const)}
          onChange={(next) => set("status")(next === "active" && fields.status === undefined ? undefined : next)}
        />
        {said("status")}
        <SelectField
          label={text.visibility}
          value={VISIBILITIES.find((each) => each === fields.visibility) ?? "shown"}
          options={VISIBILITIES.map((each) => [each, text.visibilities[each]] as const)}
          onChange={(next) => set("visibility")(next === "shown" ? undefined : next)}
        />
        {said("visibility")}
        <CohortsField
          key={`cohorts ${leaf.key}`}
          value={fields.assign_to}
          onChange={(next) => set("assign_to")(next)}
        />
        {said("assign_to")}
      </Group>
      {others.length === 0 ? null : <p className="fine">{text.otherFields(others.join(", "))}</p>}
    </div>
  );
}

/**
 * The name of an item in addresses and rules. It is changed as a whole, because everything that names it changes too.
 */
function IdField({ course, id, onId }: { course: string; id: string; onId: (id: string) => void }) {
  const text = useStudioText();
  const prefix = `${course}.`;
  const short = id.startsWith(prefix) ? id.slice(prefix.length) : id;
  const [typed, setTyped] = useState<string | null>(null);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the name is taken when the field in it is left.
    <div
      onBlur={() => {
        if (typed !== null && typed !== short && typed !== "") onId(`${prefix}${typed}`);
        setTyped(null);
      }}
    >
      <TextField label={text.shortName} hint={text.shortNameHint} value={typed ?? short} onChange={setTyped} />
    </div>
  );
}

/** Names of cohorts, with commas between them. */
function CohortsField({ value, onChange }: { value: unknown; onChange: (value: unknown) => void }) {
  const text = useStudioText();
  const [typed, setTyped] = useState<string | null>(null);
  const written = Array.isArray(value) ? value.join(", ") : "";
  return (
    <TextField
      label={text.assignTo}
      hint={text.assignHint}
      value={typed ?? written}
      onChange={(next) => {
        setTyped(next);
        const names = next.split(/[,，\s]+/).filter((name) => name !== "");
        onChange(names.length === 0 ? undefined : names);
      }}
    />
  );
}
