#!/usr/bin/env python3
"""report.html in a browser: nothing from outside, nothing injected runs, keys, phone, paper, screen readers."""
import subprocess
import sys

import browser
import harness
from harness import Checks

NARROW, WIDE = 360, 1280
KEYS = {"ArrowRight": 39, "ArrowLeft": 37, "ArrowUp": 38, "ArrowDown": 40, "Home": 36, "End": 35,
        "PageUp": 33, "PageDown": 34}
SLICE = "Number(document.getElementById('slice').value)"
WORDS = "document.getElementById('words').textContent"
# Of what can be pressed: too small for a finger (WCAG 2.5.8: 24 px).
SMALL = """[...document.querySelectorAll('button, input')].filter(e => e.offsetParent &&
    Math.max(e.getBoundingClientRect().height, e.closest('label')?.getBoundingClientRect().height ?? 0) < 24).length"""
HEADINGS = "[...document.querySelectorAll('h1, h2, h3')].filter(e => e.offsetParent).map(e => Number(e.tagName[1]))"
# Text that the browser draws wider than the screen.
WIDER = """width => [...document.querySelectorAll('body *')].filter(e => !e.closest('.unseen, thead, svg, .stage') &&
    e.getBoundingClientRect().right > width + 1).map(e => e.tagName + '.' + e.className).slice(0, 5)"""


def quiet(check, page, name, b):
    asked = [r for r in b.requests if r != page.as_uri()]
    check(not asked, f"{name}: {len(asked)} requests beside the page itself {asked[:2]}")
    check(not b.console, f"{name}: console: {b.console[:3]}")


def injected(check, b, page):
    """Hostile names of patient, model and segments, as text; the policy holds even if one got through."""
    b.open(page.as_uri())
    quiet(check, page, "hostile", b)
    check(b.run("document.title").startswith("AI, unverified"), f"title: {b.run('document.title')}")
    check(b.run("document.querySelector('h1').textContent").startswith("</script><script>"),
          "the model's title is shown as text")
    check("</script><script>" in b.run(WORDS) and "\u2028" in b.run("document.querySelector('#overlay title').textContent"),
          "segments' names are shown as text, U+2028 and all")
    check(b.run("document.images.length") == 4, "no picture was injected")
    b.run("""(() => {
        const script = document.createElement('script'); script.textContent = "document.title = 'owned'";
        const image = document.createElement('img'); image.src = 'https://example.invalid/x.png';
        const sheet = document.createElement('style'); sheet.textContent = 'h1 { display: none }';
        const box = document.createElement('div'); box.innerHTML = `<p onclick="document.title = 'owned'">`;
        document.body.append(script, image, sheet, box); box.firstChild.click();
        try { fetch('https://example.invalid/').catch(() => {}); } catch (e) {}
        return new Promise(done => setTimeout(done, 300)); })()""")
    check(b.run("document.title").startswith("AI, unverified"), "an injected script and handler do not run")
    check(b.run("getComputedStyle(document.querySelector('h1')).display") == "block", "an injected style is not used")
    blocked = [line for line in b.console if "Content Security Policy" in line]
    check(len(blocked) >= 4, f"the policy blocked {len(blocked)} of 5 that were injected by hand")


def by_keys(check, b, page):
    b.size(WIDE, 900)
    b.open(page.as_uri() + "#slice-5")
    quiet(check, page, "plain", b)
    count = b.run("Number(document.getElementById('slice').max)")
    check(b.run(SLICE) == 5, f"#slice-5 opens slice {b.run(SLICE)} of {count}")
    b.run("document.getElementById('slice').focus()")
    seen = {}
    for key, wanted in (("ArrowRight", 6), ("ArrowUp", 7), ("ArrowLeft", 6), ("ArrowDown", 5), ("End", count),
                        ("Home", 1)):
        b.key(key, KEYS[key])
        seen[key] = b.run(SLICE) == wanted and f"Slice {wanted} of {count}" in b.run(WORDS)
    check(all(seen.values()), f"keys: {seen}")
    b.key("PageUp", KEYS["PageUp"])
    up = b.run(SLICE)
    b.key("PageDown", KEYS["PageDown"])
    check(up > 2 and b.run(SLICE) == 1, f"Page Up goes {up - 1} slices up, Page Down back")
    pictures = {b.run("document.getElementById('grey').src.length")}
    b.key("End", KEYS["End"])
    pictures.add(b.run("document.getElementById('grey').src.length"))
    check(len(pictures) == 2 and b.run("document.getElementById('grey').naturalWidth") == 512,
          "the picture changes with the slice, and is one")


def by_names(check, b):
    check(b.run("getComputedStyle(document.documentElement).scrollBehavior") == "smooth", "the page glides")
    b.media(prefers_reduced_motion="reduce")
    check(b.run("getComputedStyle(document.documentElement).scrollBehavior") == "auto", "not for those who would rather not")
    b.run("document.querySelector('table button.jump').click()")
    words = b.run(WORDS)
    check("hippocampus" in words and b.run("document.activeElement.id") == "slice",
          f"a name in the table leads to its slice: {words}")
    marked = b.run("[...document.querySelectorAll('#overlay path.out title')].map(t => t.textContent)")
    check(marked and all("hippocampus" in m for m in marked), f"which brings out {marked}")
    numbers = b.run("[...document.querySelectorAll('#overlay text')].map(t => t.textContent).sort().join()")
    legend = b.run("[...document.querySelectorAll('.legend .here .number')].map(t => t.textContent).sort().join()")
    check(numbers and numbers == legend, f"numbers on the picture are those of the legend: {numbers}")
    b.run("document.getElementById('shown').click()")
    check(b.run("getComputedStyle(document.getElementById('overlay')).display") == "none", "segments can be hidden")
    b.run("document.getElementById('shown').click()")
    b.run("""(() => { const o = document.getElementById('opacity'); o.value = 60; o.dispatchEvent(new Event('input')); })()""")
    check(b.run("getComputedStyle(document.querySelector('#overlay path')).fillOpacity") == "0.6", "and be made fainter")
    box = b.run("(r => [r.left, r.top, r.width, r.height])(document.getElementById('stage').getBoundingClientRect())")
    x, y = box[0] + box[2] / 2, max(box[1], 60) + 40
    before = b.run(SLICE)
    b.mouse("mousePressed", x, y, button="left", clickCount=1)
    b.mouse("mouseMoved", x + box[2] / 3, y, button="left", buttons=1)
    b.mouse("mouseReleased", x + box[2] / 3, y, button="left", clickCount=1)
    dragged = b.run(SLICE)
    b.mouse("mouseWheel", x, y, deltaX=0, deltaY=120)
    b.run("new Promise(done => setTimeout(done, 200))")
    check(dragged > before and b.run(SLICE) < dragged, f"drag: {before} to {dragged}; wheel: to {b.run(SLICE)}")


def by_ear(check, b, name):
    """What Chromium gives to screen readers."""
    nodes = b.accessible()
    roles = [role for role, _, _ in nodes]
    check(all(roles.count(r) == 1 for r in ("main", "banner", "contentinfo")),
          f"{name}: landmarks: {[r for r in roles if r in ('main', 'banner', 'contentinfo', 'region')]}")
    wanting = [(role, who) for role, who, _ in nodes
               if role in ("image", "img", "button", "slider", "checkbox", "table", "region") and not who.strip()]
    check(not wanting, f"{name}: without a name: {wanting}")
    headings = b.run(HEADINGS)
    check(headings[0] == 1 and headings.count(1) == 1
          and all(b_ - a <= 1 for a, b_ in zip(headings, headings[1:])), f"{name}: headings {headings}")
    check(b.run("document.documentElement.lang") == "en", f"{name}: its language is stated")
    check(b.run("document.querySelectorAll('table th:not([scope])').length") == 0
          and "columnheader" in roles and "rowheader" in roles, f"{name}: tables have headers with a scope")


def seen(check, b, page, name, out):
    for width, scheme in ((NARROW, "light"), (NARROW, "dark"), (WIDE, "light"), (WIDE, "dark")):
        b.size(width, 900)
        b.media(prefers_color_scheme=scheme)
        b.open(page.as_uri())
        b.screenshot(out / f"{name}-{width}-{scheme}.png", whole=True)
        wide, over = b.run("document.documentElement.scrollWidth"), b.run(f"({WIDER})({width})")
        check(wide <= width and not over, f"{name}, {scheme}: {wide} px on a screen of {width} px {over}")
        check(b.run(SMALL) == 0, f"{name}: {b.run(SMALL)} targets too small for a finger")
        paper = b.run("getComputedStyle(document.body).backgroundColor")
        check((paper == "rgb(255, 255, 255)") == (scheme == "light"), f"{name}, {scheme}: paper {paper}")
        if width == NARROW:
            by_ear(check, b, f"{name}, {scheme}, narrow")


def printed(check, b, page, name, out):
    """On paper: the banner on every page, black on white in dark mode too, three planes instead of the slices."""
    harness.need_tools("pdftotext")
    b.size(WIDE, 900)
    b.media(prefers_color_scheme="dark")
    b.open(page.as_uri())
    b.pdf(out / f"{name}.pdf")
    text = subprocess.run(["pdftotext", "-layout", out / f"{name}.pdf", "-"], capture_output=True, text=True).stdout
    pages = text.split("\f")[:-1]
    check(pages and all(p.lstrip().startswith("AI, unverified") for p in pages),
          f"{name}: {len(pages)} printed pages begin with the banner")
    check("Slice 1" not in text and "Opacity" not in text, f"{name}: no controls are printed")
    b.media(media="print", prefers_color_scheme="dark")
    check(b.run("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
          and b.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)",
          f"{name}: black on white")
    cut = b.run("[...new Set([...document.querySelectorAll('tr, figure')].map(e => getComputedStyle(e).breakInside))]")
    check(cut == ["avoid"], f"{name}: rows and figures are not broken: {cut}")
    b.media()


def without_script(check, b, page):
    b.javascript(False)
    b.open(page.as_uri())
    b.javascript(True)
    text = b.run("document.body.innerText")
    check("Left, mL" in text and b.run("[...document.images].filter(i => i.offsetParent).length") == 3
          and "need JavaScript" in text and "Opacity" not in text,
          "without JavaScript: the table, three planes and a word on the slices")


def main(writer):
    program = browser.find()
    if program is None:
        harness.skip("needs chromium (Debian's package of that name)")
    check = Checks()
    with harness.working_folder() as work:
        done = subprocess.run([writer, "--gtest_filter=PagesForBrowser.*"], capture_output=True, text=True,
                              env=dict(harness.os.environ, OSLER_JUDGE_DIR=str(work)))
        check(done.returncode == 0, f"pages were written {done.stdout[-300:] if done.returncode else ''}")
        plain, hostile, partial = (work / f"{name}.html" for name in ("plain", "hostile", "partial"))
        with browser.Browser(program) as b:
            by_keys(check, b, plain)
            by_names(check, b)
            b.media()
            for page in (plain, hostile):
                seen(check, b, page, page.stem, work)
            for page in (plain, partial):
                printed(check, b, page, page.stem, work)
            b.size(WIDE, 900)
            injected(check, b, hostile)
            without_script(check, b, plain)
    check.finish()


main(sys.argv[1])
