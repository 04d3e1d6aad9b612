// Draws the service's OpenAPI document. It writes text only, never markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

// An element with its attributes and what is in it.
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Text in which `words` between backquotes are code.
function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

function nameOf(reference) {
  return reference.split("/").pop();
}

// What a reference stands for, or the thing itself.
function resolved(document_, thing) {
  let found = thing;
  while (found && found.$ref) {
    found = found.$ref.slice(2).split("/").reduce((at, key) => at[key], document_);
  }
  return found;
}

// A schema in a few words: string, 1-280 characters; TweetOut; list of UserOut …
function kindOf(schema) {
  if (schema.$ref) {
    const name = nameOf(schema.$ref);
    return [el("a", { href: `#schema-${name}` }, name)];
  }
  if (schema.anyOf) {
    const kinds = schema.anyOf.map(kindOf);
    return kinds.flatMap((kind, index) => (index ? [" or ", ...kind] : kind));
  }
  if (schema.enum) {
    return [schema.enum.join(" | ")];
  }
  if (schema.type === "array") {
    return ["list of ", ...kindOf(schema.items)];
  }
  const words = [schema.type || "anything"];
  if (schema.minLength !== undefined || schema.maxLength !== undefined) {
    words.push(`${schema.minLength || 0}-${schema.maxLength || "…"} characters`);
  }
  if (schema.minimum !== undefined || schema.maximum !== undefined) {
    words.push(`${schema.minimum ?? "…"}-${schema.maximum ?? "…"}`);
  }
  const pattern = schema.pattern ? [", ", el("code", {}, schema.pattern)] : [];
  return [words.join(", "), ...pattern];
}

// One parameter, field or header of a list.
function field(name, schema, { required = false, where = "", words = "" } = {}) {
  const fallback = schema.default;
  const known = fallback !== undefined && fallback !== null && fallback !== "";
  return el(
    "li",
    {},
    el("code", {}, name),
    " ",
    required ? el("span", { class: "must" }, "required ") : null,
    el("span", { class: "kind" }, where ? `in ${where}: ` : "", ...kindOf(schema)),
    known ? el("span", { class: "kind" }, `, else ${fallback}`) : null,
    words ? el("div", { class: "note" }, ...prose(words)) : null,
  );
}

function fields(schema) {
  const required = schema.required || [];
  const items = Object.entries(schema.properties || {}).map(([name, each]) =>
    field(name, each, { required: required.includes(name), words: each.description }),
  );
  return el("ul", { class: "fields" }, ...items);
}

function exampleOf(document_, content) {
  const media = Object.values(content || {})[0];
  if (!media) {
    return undefined;
  }
  return media.example ?? (resolved(document_, media.schema).examples || [])[0];
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// How to ask for a route from a shell.
function curlOf(document_, path, method, operation) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => `$${name.toUpperCase()}`);
  const lines = [`curl -X ${method.toUpperCase()} "${window.location.origin}${filled}"`];
  const ways = operation.security || [];
  if (ways.length && ways.every((way) => Object.keys(way).length)) {
    lines.push('-H "Authorization: Bearer $TOKEN"');
  }
  const body = operation.requestBody;
  if (body && body.required) {
    const example = exampleOf(document_, body.content);
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(example))}`);
  }
  return lines.join(" \\\n  ");
}

function answer(document_, status, given) {
  const found = resolved(document_, given);
  const media = Object.values(found.content || {})[0];
  const headers = Object.keys(found.headers || {}).join(", ");
  return el(
    "li",
    {},
    el("span", { class: status < "400" ? "status good" : "status" }, status),
    ` ${found.description} `,
    media ? el("span", { class: "kind" }, ...kindOf(media.schema)) : null,
    headers ? el("div", { class: "note" }, `Headers: ${headers}`) : null,
  );
}

// Who may ask, and how it is said.
function access(document_, operation) {
  const schemes = document_.components.securitySchemes;
  const said = (name) => schemes[name].name || `${schemes[name].scheme} token`;
  const ways = operation.security.map((way) => Object.keys(way).map(said).join(" and "));
  const named = ways.filter(Boolean).join(", or ");
  return ways.includes("") ? `Anybody may ask; who you are: ${named}.` : `Who you are: ${named}.`;
}

function route(document_, path, method, operation) {
  const parameters = operation.parameters.map((given) => {
    const each = resolved(document_, given);
    const more = { required: each.required, where: each.in, words: each.description };
    return field(each.name, each.schema, more);
  });
  const answers = Object.entries(operation.responses);
  const body = operation.requestBody;
  const form = body ? body.content["application/json"].schema : null;
  const [, good] = answers.find(([status]) => status < "300");
  const example = exampleOf(document_, good.content);
  return el(
    "details",
    { class: "route", id: operation.operationId },
    el(
      "summary",
      {},
      el("span", { class: `method ${method}` }, method.toUpperCase()),
      el("code", {}, path),
      el("span", { class: "words" }, operation.summary),
    ),
    el(
      "div",
      { class: "inside" },
      el("p", { class: "note" }, access(document_, operation)),
      parameters.length ? el("h3", {}, "Parameters") : null,
      parameters.length ? el("ul", { class: "fields" }, ...parameters) : null,
      form ? el("h3", {}, body.required ? "Body: " : "Body, if any: ", ...kindOf(form)) : null,
      form ? fields(resolved(document_, form)) : null,
      el("h3", {}, "Example"),
      el("pre", { tabindex: "0" }, curlOf(document_, path, method, operation)),
      example ? el("pre", { tabindex: "0" }, JSON.stringify(example, null, 2)) : null,
      el("h3", {}, "Answers"),
      el("ul", { class: "fields" }, ...answers.map((each) => answer(document_, ...each))),
    ),
  );
}

function schema(name, found) {
  return el(
    "details",
    { class: "schema", id: `schema-${name}` },
    el("summary", {}, el("code", {}, name)),
    el(
      "div",
      { class: "inside" },
      found.description ? el("p", {}, ...prose(found.description)) : null,
      fields(found),
    ),
  );
}

function rowsOf(document_) {
  return Object.entries(document_.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => [path, method, item[method]]),
  );
}

function entry([path, method, operation]) {
  const words = el("span", { class: `method ${method}` }, method.toUpperCase());
  const link = el("a", { href: `#${operation.operationId}` }, words, path.replace(/^.*?\/v1/, ""));
  return el("li", { "data-of": operation.operationId }, link);
}

function draw(document_) {
  document.getElementById("summary").textContent = document_.info.summary;
  document.getElementById("version").textContent = `version ${document_.info.version}`;
  const paragraphs = document_.info.description.trim().split("\n\n");
  document.getElementById("description").append(...paragraphs.map((p) => el("p", {}, ...prose(p))));
  const main = document.getElementById("routes");
  const index = document.getElementById("index");
  main.replaceChildren();
  for (const { name } of document_.tags) {
    const rows = rowsOf(document_).filter(([, , operation]) => operation.tags.includes(name));
    const shown = rows.map((row) => route(document_, ...row));
    main.append(el("section", { "aria-label": name }, el("h2", {}, name), ...shown));
    index.append(el("section", {}, el("h2", {}, name), el("ul", {}, ...rows.map(entry))));
  }
  const schemas = Object.entries(document_.components.schemas).sort();
  const all = schemas.map(([name, found]) => schema(name, found));
  main.append(el("section", { "aria-label": "schemas" }, el("h2", {}, "schemas"), ...all));
}

// Show only the routes in whose method, path or summary all the words are.
function filter(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const element of document.querySelectorAll("details.route")) {
    const head = element.querySelector("summary").textContent.toLowerCase();
    element.hidden = !words.every((word) => head.includes(word));
    document.querySelector(`[data-of="${element.id}"]`).hidden = element.hidden;
  }
  for (const section of document.querySelectorAll("section")) {
    const items = [...section.querySelectorAll("details, li[data-of]")];
    section.hidden = items.length > 0 && items.every((item) => item.hidden);
  }
}

// Open what the address points at.
function open() {
  const found = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  if (found instanceof HTMLDetailsElement) {
    found.open = true;
    found.scrollIntoView();
  }
}

async function main() {
  const state = document.getElementById("state");
  try {
    const response = await fetch("openapi.json");
    if (!response.ok) {
      throw new Error(`it answered ${response.status}`);
    }
    draw(await response.json());
  } catch (error) {
    state.textContent = `openapi.json can't be shown: ${error.message}`;
    return;
  }
  const input = document.getElementById("filter");
  input.addEventListener("input", () => filter(input.value));
  window.addEventListener("hashchange", open);
  open();
}

main();
