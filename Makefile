# 线索管理平台: every command a person or CI runs.
PYTHON ?= python3
PORT ?= 8080
AS ?= ofd
PG ?=
T ?=
S ?= intake
A ?= --help
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --no-annotate --python-version 3.11 pyproject.toml

# Hashed pins by uv, which is in its turn pinned and ten times as fast; where it does not come through (a mirror that only pip knows), by pip.
define install
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.lock > $(VENV)/uv.lock
	@{ $(PIP) install --only-binary :all: --require-hashes -r $(VENV)/uv.lock \
		&& $(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(PY) --require-hashes -r $(1); } 2>$(VENV)/uv.log \
		|| $(PIP) install --require-hashes -r $(1)
endef

.DEFAULT_GOAL := help
.PHONY: help run token audit ops reset test bench proof check rules lock generate jars clean

help: ## 显示本帮助 / this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-10s %s\n' "$$name" "$$text"; done

run: $(VENV)/.local ## 启动整个平台,Ctrl-C 停止 / the whole platform on http://127.0.0.1:8080 (PORT= changes it)
	@exec $(PY) -m deploy.local up --port $(PORT)

token: $(VENV)/.local ## 打印本地账号的访问令牌 / an access token of a local account: make token AS=ofd
	@$(PY) -m deploy.local token $(AS)

audit: $(VENV)/.local ## 导出并核验审计链 / export the audit chains to .run/audit and prove them
	@$(PY) -m deploy.local audit
ops: $(VENV)/.local ## 运维操作 / an operator's action: make ops S=intake A=lag   (held, parked, replay …, skip …)
	@$(PY) -m deploy.local ops $(S) $(A)

reset: $(VENV)/.local ## 清空本机数据 / forget all local data
	@$(PY) -m deploy.local reset

test: $(VENV)/.dev ## 全部测试 / all tests; PG=<superuser DSN> tests on that server, T=<path or -k …> chooses
	@$(PY) -m pytest $(if $(PG),--pg '$(PG)',$(if $(T),,-n 2 --dist loadgroup)) $(T)

bench: $(VENV)/.dev ## 性能基准,结果在 build/ / every figure of the engine in one run (alone on the machine; QUICK=1 for a look)
	@$(PY) -m tests.load
proof: $(VENV)/.dev ## 故障验证 / leads under faults, then the ledger; alone on the machine; SEED= LEADS= FAULTS=
	@$(PY) -m tests.faults.proof --leads $(or $(LEADS),100000) --faults $(or $(FAULTS),300) $(if $(SEED),--seed $(SEED)) --drills

check: $(VENV)/.dev ## 静态检查 / lint, types, import contract, generated files, sizes, shape
	@$(PY) -m deploy.check

rules: $(VENV)/.dev ## 规则与测试对照 / which test proves which rule of the specification
	@$(PY) -m deploy.rules

generate: $(VENV)/.dev ## 重新生成契约与文档 / schemas, docs/events.md, docs/asyncapi.yaml
	@$(PY) -m deploy.generate

lock: $(VENV)/.dev ## 重新锁定依赖 / write the hashed pins anew from pyproject.toml
	$(COMPILE) -o requirements.lock
	$(COMPILE) --extra local -c requirements.lock -o requirements-local.lock
	$(COMPILE) --extra local --extra dev -c requirements-local.lock -o requirements-dev.lock

jars: $(VENV)/.local ## 重新锁定 Kafka 的 jar / write the hashes of Kafka's jars anew
	@$(PY) -m deploy.local jars

clean: ## 删除环境与缓存 / remove the environment and caches, keep data
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(VENV)/.base:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo '需要 Python 3.11 或更高版本 / Python 3.11 or later is needed (PYTHON=… chooses one)' >&2; exit 1; }
	@echo '建立Python环境 / making the Python environment …' >&2
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo '缺少 venv 模块,Debian/Ubuntu: apt install python3-venv / the venv module is missing' >&2; exit 1; }
	@touch $@

$(VENV)/.local: requirements-local.lock | $(VENV)/.base
	@echo '安装依赖,首次约需半分钟 / installing the pinned packages, half a minute the first time …' >&2
	$(call install,requirements-local.lock)
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/.base
	@echo '安装依赖,首次约需半分钟 / installing the pinned packages, half a minute the first time …' >&2
	$(call install,requirements-dev.lock)
	@touch $@ $(VENV)/.local
