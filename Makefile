# The same commands for hands that type make. Set-up lives in ./run.
.PHONY: run demo test bench
run demo test bench:
	@./run $@
