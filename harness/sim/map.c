/* SPDX-License-Identifier: MIT */
/*
 * Mappings: each holds the open file description that it was made from
 * (vm_file), whatever becomes of the descriptor. They belong to the memory of a
 * process: fork copies them (dup_mmap), a vfork child has none of its own, and
 * execve (exec_mmap) and exit (exit_mm) give them up before the descriptors.
 * What that drops is queued with the rest (task_work_add in fput), first.
 */
#include "sim/kernel.h"

#include <errno.h>

/*
 * Forks, too, look at what a process has mapped. One object for all of them:
 * mappings are rare.
 */
static void access_maps(struct sim *sim, enum rig_mode mode)
{
	sim_access(sim, SIM_OBJECT_MAPS, mode);
}

static int map_call(struct spw_sys *sys, int fd, size_t len, void **mapping)
{
	struct sim *sim = sim_of(sys);
	uint8_t *map = sim_proc_self(sim)->map;
	unsigned file, i = 0;

	sim_about_file(sim, sim_fd_file(sim, fd), false);
	sim_point(sim, SIM_MAP);
	rig_detail(sim->engine, "(%d)", fd);
	file = sim_fd_file(sim, fd);
	if (!file)
		return sim_result(sim, -EBADF);
	if (!len) /* in the order of do_mmap */
		return sim_result(sim, -EINVAL);
	if (!sim->file[file].readable)
		return sim_result(sim, -EACCES);
	if (sim->file[file].kind != SIM_REGULAR)
		return sim_result(sim, -ENODEV);
	access_maps(sim, RIG_WRITE);
	while (i < SIM_MAPS && map[i])
		i++;
	if (i == SIM_MAPS)
		return sim_result(sim, -ENOMEM);
	sim_hold(sim, file);
	map[i] = (uint8_t)file;
	*mapping = (void *)(uintptr_t)(i + 1);
	rig_note(sim->engine, i);
	return sim_result(sim, 0);
}

static int unmap_call(struct spw_sys *sys, void *mapping, size_t len)
{
	struct sim *sim = sim_of(sys);
	uint8_t *map = sim_proc_self(sim)->map;
	uintptr_t i = (uintptr_t)mapping - 1;
	unsigned file;

	(void)len;
	sim_point(sim, SIM_UNMAP);
	access_maps(sim, RIG_WRITE);
	file = i < SIM_MAPS ? map[i] : 0;
	if (!file)
		sim_contract(sim, "an unmap of what is not mapped");
	rig_detail(sim->engine, "(%s)",
		   sim->inode[sim->file[file].object].path);
	map[i] = 0;
	sim_drop(sim, file);
	sim_run_drops(sim);
	return sim_result(sim, 0);
}

void sim_maps_copy(struct sim *sim, unsigned child)
{
	const uint8_t *map = sim_proc_self(sim)->map;

	access_maps(sim, RIG_READ);
	for (unsigned i = 0; i < SIM_MAPS; i++) {
		sim->proc[child].map[i] = map[i];
		if (map[i])
			sim_hold(sim, map[i]);
	}
}

/* Nobody else can map or fork in this process any more. */
void sim_maps_drop(struct sim *sim)
{
	uint8_t *map = sim_proc_self(sim)->map;

	for (unsigned i = 0; i < SIM_MAPS; i++) {
		unsigned file = map[i];

		if (!file)
			continue;
		if (sim_drop_visible(sim, &sim->file[file])) {
			sim_about_file(sim, file, true);
			sim_inner(sim, SIM_DROP);
			rig_detail(sim->engine, " mapping of %s",
				   sim->inode[sim->file[file].object].path);
		}
		map[i] = 0;
		sim_drop(sim, file);
	}
}

void sim_map_calls(struct spw_sys *sys)
{
	sys->map = map_call;
	sys->unmap = unmap_call;
}
