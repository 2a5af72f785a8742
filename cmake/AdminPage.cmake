# Turns the parts of the admin page into a source file. A change of one of them makes CMake run again.

set(admin_page_directory ${PROJECT_SOURCE_DIR}/server/admin_page)
set(admin_page_source ${PROJECT_BINARY_DIR}/admin_page_parts.cc)
foreach(part body.html style.css script.js)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${admin_page_directory}/${part})
  get_filename_component(name ${part} NAME_WE)
  file(READ ${admin_page_directory}/${part} admin_page_${name})
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/admin_page_parts.cc.in ${admin_page_source} @ONLY)
