// Builds the page that the package ships: node build.mjs [FOLDER]; by default ../fluoropose/console_page.
import { build } from "esbuild";
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "..", "fluoropose", "console_page"));
mkdirSync(out, { recursive: true });
copyFileSync(join(here, "src", "index.html"), join(out, "index.html"));
const held = {
  console: "Holds uPlot, Copyright (c) 2022 Leon Sorokin, MIT licence. ",
  notebook: "",
  space: "Holds three.js, Copyright 2010-2024 three.js authors, MIT licence. ",
};
// The page begins with the first file, and loads the second when it needs it; notebooks take the third.
for (const [name, source, format] of [["console", "main", "iife"], ["space", "space", "esm"], ["notebook", "widget", "esm"]]) {
  await build({
    absWorkingDir: here,
    entryPoints: { [name]: `src/${source}.ts` },
    outdir: out,
    bundle: true,
    minify: true,
    format,
    target: ["es2022"],
    charset: "utf8",
    legalComments: "eof",
    banner: { js: `/* fluoropose, Apache-2.0. ${held[name]}Sources: service/console. */` },
    logLevel: "warning",
  });
}
